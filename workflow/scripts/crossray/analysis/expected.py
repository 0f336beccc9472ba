"""What is expected of scores before anybody has labels: normal in both classes, with one variance.

Scores of images with the finding lie ``distance`` standard deviations above the others, as far as the AUC says; the
probability that belongs to a score is then logistic in it (Pepe, The Statistical Evaluation of Medical Tests, 2003).
Expectations are sums over Gauss-Hermite nodes.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

#: nodes of a sum over a normal distribution
_NODES = 96


@dataclass(frozen=True)
class Binormal:
    """Scores and probabilities of a calibrated model.

    Attributes:
        prevalence: share of images with the finding.
        auc: of the scores.
    """

    prevalence: float
    auc: float

    @property
    def distance(self) -> float:
        """How many standard deviations the classes lie apart."""
        return math.sqrt(2) * float(ndtri(self.auc))

    def logits(self, scores: NDArray) -> NDArray[np.float64]:
        """Return the log-odds of the finding at scores, those without it having mean 0."""
        return math.log(self.prevalence / (1 - self.prevalence)) + self.distance * (scores - self.distance / 2)

    @cached_property
    def nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores of a class around its mean, and their weights, which add up to 1."""
        places, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        return places, weights / weights.sum()

    @cached_property
    def of_images(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log-odds of images of both classes, and their weights, which add up to 1."""
        places, weights = self.nodes
        scores = np.r_[places + self.distance, places]
        return self.logits(scores), np.r_[self.prevalence * weights, (1 - self.prevalence) * weights]

    def auc_variance(self, positives: float, negatives: float, patients: tuple[float, float]) -> tuple[float, float]:
        """Return what DeLong's variance of the AUC is expected to be, and how many degrees of freedom carry it.

        Args:
            positives: images with the finding, as many as would say as much if each had its own patient.
            negatives: those without.
            patients: with the finding, and without it.
        """
        places, weights = self.nodes
        beaten = ndtr(places + self.distance) - self.auc
        beating = ndtr(self.distance - places) - self.auc
        found = (weights * beaten**2).sum() / positives + (weights * beating**2).sum() / negatives
        # a patient's part is a mean over their images, which say as much as one or a little more
        fourth = (weights * beaten**4).sum() / positives**2 / patients[0]
        fourth += (weights * beating**4).sum() / negatives**2 / patients[1]
        return float(found), float(2 * found**2 / fourth)

    def slope_variance(self, slope: float) -> float:
        """Return the variance of a calibration slope times the number of images (Riley and others 2021, section 4.2).

        Args:
            slope: that of the model's log-odds, which are the true ones over it.
        """
        logits, weights = self.of_images
        return slope_variance(logits / slope, weights, expit(logits))

    def ratio(self, slope: float) -> tuple[float, float]:
        """Return positives over their expected number, and the variance of its logarithm times the number of images."""
        logits, weights = self.of_images
        given, true = expit(logits / slope), expit(logits)
        found = self.prevalence / float((weights * given).sum())
        residual = (weights * (true * (1 - found * given) ** 2 + (1 - true) * (found * given) ** 2)).sum()
        return found, float(residual) / self.prevalence**2


def slope_variance(logits: NDArray, weights: NDArray, probabilities: NDArray) -> float:
    """Return the variance of the slope of a logistic regression on log-odds, times the number of images.

    Args:
        logits: that it regresses on, shape (nodes,).
        weights: of these, adding up to 1.
        probabilities: of the finding at each.
    """
    information = weights * probabilities * (1 - probabilities)
    whole, first, second = (float((information * logits**power).sum()) for power in (0, 1, 2))
    return whole / (whole * second - first**2)
