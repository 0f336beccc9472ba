"""Which of the source's images could come from the target, and the other way round? The domain classifier.

A cross-fitted classifier estimates the probability that an image comes from the target. It weights the images of both
sides to one shared distribution (Cai, Namkoong and Yadlowsky, arXiv 2303.02011), the overlap weights of Li, Morgan
and Zaslavsky (2018), which lie between 0 and 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from crossray.analysis.resampling import weighted_ranking
from crossray.analysis.shift.folds import folds_of, left_out, losses_of, scaled, squared
from crossray.analysis.shift.prevalence import effective

#: images differ from this AUC and this p value on
_AUC, _P = 0.53, 0.005


@dataclass(frozen=True)
class Overlap:
    """What a domain classifier says out of fold.

    Attributes:
        source: probability of the target for the source's images, shape (draws, cases).
        target: the same for the target's images.
        auc: of distinguishing the sides, both with the same total weight.
        p: of no difference, by the mean information that the classifier gains, patients as clusters.
        effective: effective share of the images in the shared distribution, the smaller of both sides'.
        imbalance: largest standardised difference of a feature's mean in the shared distribution.
    """

    source: NDArray
    target: NDArray
    auc: float
    p: float
    effective: float
    imbalance: float

    @property
    def told_apart(self) -> bool:
        """Return whether images of the two sides surely differ."""
        return self.auc > _AUC and self.p < _P


def tell_apart(
    features: tuple[NDArray, NDArray], weights: tuple[NDArray, NDArray], patients: tuple[NDArray, NDArray],
    seed: int,
) -> Overlap:  # fmt: skip
    """Fit the domain classifier of a pair, under each draw and out of fold.

    Args:
        features: of the source's and of the target's images, shape (cases, features) each.
        weights: shape (draws, cases) each; the draw's counts, the source's times the class weights.
        patients: numbers of the patients of each side; the same number at both sides is the same person.
        seed: of the folds.
    """
    both = scaled(np.concatenate(features))
    design = squared(both)
    sides = np.repeat([0.0, 1.0], [len(part) for part in features])
    balanced = [part / part.sum(axis=1, keepdims=True) * len(sides) / 2 for part in weights]
    joint = np.concatenate(balanced, axis=1)
    owners = np.unique(np.concatenate(patients), return_inverse=True)[1]
    folds = folds_of(owners, seed)
    shares = left_out(design, sides, joint, folds)
    first, second = shares[:, : len(features[0])], shares[:, len(features[0]) :]
    shared = np.r_[joint[0, : first.shape[1]] * first[0], joint[0, first.shape[1] :] * (1 - second[0])]
    return Overlap(
        first,
        second,
        float(weighted_ranking(sides, shares[0], joint[:1])[0][0]),
        _no_gain(sides, shares[0], joint[0], owners),
        min(effective(shared[sides == side]) / (sides == side).sum() for side in (0, 1)),
        _imbalance(both, sides, shared),
    )


def _no_gain(sides: NDArray, shares: NDArray, weights: NDArray, owners: NDArray) -> float:
    """Return the one-sided p of a mean information gain of 0."""
    by_patient = np.bincount(owners, weights * (np.log(2) - losses_of(sides, shares)))
    error = np.sqrt((by_patient**2).sum())
    return float(norm.sf(by_patient.sum() / error)) if error > 0 else 1.0


def _imbalance(features: NDArray, sides: NDArray, shared: NDArray) -> float:
    """Return the largest difference of means in the shared distribution, in standard deviations of all images."""
    means = [shared[sides == side] @ features[sides == side] / shared[sides == side].sum() for side in (0, 1)]
    return float(np.abs(means[0] - means[1]).max(initial=0.0))
