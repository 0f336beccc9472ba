"""Miscalibration: slope and intercept of the logistic calibration line, and observed over expected.

Cox (Biometrika 1958); Van Calster and others (Journal of Clinical Epidemiology 2016). Their variance is the sandwich
estimator with patients as clusters (Liang and Zeger, Biometrika 1986), shrunk towards that of the model the more the
fewer patients the smaller class has, as the sandwich is too narrow with few; Student's t.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from crossray.analysis.intervals import LEVEL, independent

#: what the model's variance weighs, in patients of the smaller class
_PRIOR = 12.0
_STEPS, _SMALL = 50, 1e-9


@dataclass(frozen=True)
class Estimate:
    """A number and its interval; NaN where there is none."""

    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")

    def columns(self, name: str) -> dict[str, float]:
        """Return the columns ``name``, ``name_low`` and ``name_high``."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


@dataclass(frozen=True)
class Line:
    """Slope, intercept at a slope of 1, and positives over their expected number; 1, 0 and 1 for a calibrated model."""

    slope: Estimate
    intercept: Estimate
    observed_expected: Estimate


def measure(labels: NDArray, logits: NDArray, patients: NDArray) -> Line:
    """Measure the calibration of probabilities that are the sigmoid of logits.

    Args:
        labels: 0 or 1, both present, shape (images,).
        logits: shape (images,).
        patients: whose each image is, shape (images,).
    """
    labels, logits = np.asarray(labels, np.float64), np.asarray(logits, np.float64)
    owners = np.unique(patients, return_inverse=True)[1]
    smaller = min(len(np.unique(owners[labels == value])) for value in (0, 1))
    alike = len(owners) / independent(owners)  # images of one patient carry less information than those of several
    ones = np.ones((len(labels), 1))
    intercept, spread, _ = _fitted(ones, labels, logits, owners, smaller, alike)
    line, _, errors = _fitted(np.c_[ones, logits], labels, np.zeros(len(labels)), owners, smaller, alike)
    slope = _around(float(line[1]), errors, smaller) if _is_mixed(labels, logits) else Estimate()
    return Line(slope, _around(float(intercept[0]), spread, smaller), _ratio(labels, logits, owners, smaller, alike))


def _is_mixed(labels: NDArray, logits: NDArray) -> bool:
    """Return whether no limit parts the classes, so that the slope is a number."""
    positive, negative = logits[labels == 1], logits[labels == 0]
    return bool(positive.min() < negative.max() and negative.min() < positive.max())


def _fitted(
    design: NDArray, labels: NDArray, offset: NDArray, owners: NDArray, smaller: int, alike: float
) -> tuple[NDArray, float, float]:
    """Fit a logistic regression; return its coefficients and the standard errors of the first and the last."""
    found = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        shares = expit(design @ found + offset)
        curvature = (design * (shares * (1 - shares))[:, None]).T @ design + 1e-12 * np.eye(design.shape[1])
        step = np.linalg.solve(curvature, design.T @ (labels - shares))
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), _SMALL))
        found = found + step
        if np.abs(step).max() < _SMALL:
            break
    inverse = np.linalg.pinv(curvature)
    sums = np.stack([np.bincount(owners, column) for column in (design * (labels - shares)[:, None]).T], axis=1)
    robust = inverse @ (sums.T @ sums) @ inverse * len(sums) / max(len(sums) - 1, 1)
    variance = moderated(np.diag(robust), alike * np.diag(inverse), smaller)
    return found, math.sqrt(variance[0]), math.sqrt(variance[-1])


def moderated(robust: ArrayLike, model: ArrayLike, smaller: float) -> NDArray[np.float64]:
    """Draw robust variances towards those of the model, the less so the more patients the smaller class has."""
    weight = smaller / (smaller + _PRIOR)
    return weight * np.asarray(robust) + (1 - weight) * np.asarray(model)


def reach_of(smaller: float) -> float:
    """Return how many standard errors a limit lies away where the smaller class has so many patients."""
    return float(scipy.special.stdtrit(smaller + _PRIOR, (1 + LEVEL) / 2))


def _around(value: float, error: float, smaller: int) -> Estimate:
    return Estimate(value, value - reach_of(smaller) * error, value + reach_of(smaller) * error)


def _ratio(labels: NDArray, logits: NDArray, owners: NDArray, smaller: int, alike: float) -> Estimate:
    """Return positives over the sum of probabilities, its interval on the scale of the logarithm."""
    shares = expit(logits)
    observed, expected = float(labels.sum()), float(shares.sum())
    ratio = observed / expected
    sums = np.bincount(owners, labels - ratio * shares)
    robust = float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1)
    rate = observed / len(labels)
    error = math.sqrt(float(moderated(robust, alike * observed * (1 - rate), smaller))) / observed
    factor = math.exp(reach_of(smaller) * error)
    return Estimate(ratio, ratio / factor, ratio * factor)
