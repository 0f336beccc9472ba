"""Are patients sicker at the target, under the same label rule? The source's scores, weighted to the target's.

A shift in severity with labels that follow is visible in the scores, and in nothing else of the images. It leaves the
labels of images with equal scores as they are, and is there among images that were taken alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.shift.hotelling import all_zero
from crossray.analysis.shift.logistic import refitted

#: the largest weight, in multiples of the mean one
_LARGEST = 20.0
#: beyond so many deviations scores count as there
_FAR = 3.0
_PENALTY = 1.0
#: p value up to which labels of images with equal scores differ, and scores of images that were taken alike
DIFFERENT = 0.05


@dataclass(frozen=True)
class CaseMix:
    """How the source's images are weighted to the target's severities.

    Attributes:
        weights: shape (draws, cases).
        p: of no difference of the scores, by the draws.
        taken_alike: the same among images that were taken alike; NaN where it was not asked.
    """

    weights: NDArray
    p: float
    taken_alike: float = float("nan")


def same_labels(home: NDArray, away: NDArray) -> float:
    """Return the p value of labels that are the same where scores are.

    Args:
        home: intercept and slope of the source's labels on the scores of its model, shape (draws, 2).
        away: the same of the target's labels, on the scores of the same model.
    """
    return all_zero(away - home)


def matched(scores: tuple[NDArray, NDArray], draws: tuple[NDArray, NDArray]) -> CaseMix:
    """Weight the source's images so that its scores have the target's law, by a logistic regression of degree three.

    Args:
        scores: of both sides, shape (cases,) each.
        draws: counts of both sides' images, shape (draws, cases) each.
    """
    both = np.concatenate(scores)
    spread = max(float(both.std()), 1e-9)
    z = np.clip((both - both.mean()) / spread, -_FAR, _FAR)
    design = np.c_[np.ones(len(z)), z, z**2, z**3]
    sides = np.repeat([0.0, 1.0], [len(part) for part in scores])
    joint = np.concatenate([part / part.sum(axis=1, keepdims=True) * len(z) / 2 for part in draws], axis=1)
    found = refitted(design, sides, joint, np.r_[0.0, np.full(3, _PENALTY)])
    odds = np.exp(np.clip(found @ design[: len(scores[0])].T, -10, 10))
    odds /= (odds * draws[0]).sum(axis=1, keepdims=True) / draws[0].sum(axis=1, keepdims=True)
    return CaseMix(np.minimum(odds, _LARGEST), all_zero(found[:, 1:]))
