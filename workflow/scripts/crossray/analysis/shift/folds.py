"""Logistic regression on features and their squares, cross-fitted by patient."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crossray.analysis.shift.logistic import refitted

FOLDS = 5
#: strengths of the penalty to choose from by the likelihood out of fold, for standardised features
PENALTIES = (3.0, 30.0, 300.0)


def folds_of(patients: NDArray, seed: int) -> NDArray[np.int64]:
    """Assign patients to folds, with all images of a patient in the same one."""
    names, codes = np.unique(patients, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[codes]


def scaled(features: NDArray) -> NDArray[np.float64]:
    """Return features with mean 0 and deviation 1; those that never vary are left out."""
    features = features.astype(np.float64)
    spread = features.std(axis=0)
    return (features[:, spread > 0] - features[:, spread > 0].mean(axis=0)) / spread[spread > 0]


def squared(features: NDArray) -> NDArray[np.float64]:
    """Return a column of ones, the features, and their squares."""
    return np.c_[np.ones(len(features)), features, features**2]


def left_out(
    design: NDArray, answers: NDArray, weights: NDArray, folds: NDArray, free: int = 1,
    learnt: NDArray | None = None, offset: NDArray | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the probability of each case's answer being 1, by the fit to the other folds' cases, for each draw.

    The penalty is the one of :data:`PENALTIES` with the least loss in the first draw.

    Args:
        design: shape (cases, columns).
        answers: 0 or 1, shape (cases,).
        weights: shape (draws, cases).
        folds: fold of each case.
        free: columns at the beginning that bear no penalty.
        learnt: whether a case is learnt from, shape (cases,).
        offset: added to the linear predictor, shape (draws, cases).
    """
    used = np.ones(len(answers), bool) if learnt is None else learnt
    seen = [(folds != fold) & used for fold in range(FOLDS)]

    def fitted(draws: slice, penalty: float, starts: Sequence[NDArray | None]) -> list[NDArray[np.float64]]:
        penalties = np.r_[np.zeros(free), np.full(design.shape[1] - free, penalty)]
        return [
            refitted(design[part], answers[part], weights[draws, part], penalties,
                     None if offset is None else offset[draws, part], start)
            for part, start in zip(seen, starts, strict=True)
        ]  # fmt: skip

    def shares(fits: Sequence[NDArray]) -> NDArray[np.float64]:
        found = np.empty((len(fits[0]), len(answers)))
        for fold, coefficients in enumerate(fits):
            out = folds == fold
            added = 0 if offset is None else offset[: len(found), out]
            found[:, out] = expit(coefficients @ design[out].T + added)
        return np.clip(found, 1e-6, 1 - 1e-6)

    tried: dict[float, list[NDArray]] = {}
    starts: list[NDArray | None] = [None] * FOLDS
    for penalty in sorted(PENALTIES, reverse=True):
        tried[penalty] = fitted(slice(1), penalty, starts)
        starts = [found[0] for found in tried[penalty]]
    best = min(PENALTIES, key=lambda one: loss_of(answers, shares(tried[one])[0], weights[0]))
    return shares(fitted(slice(None), best, [found[0] for found in tried[best]]) if len(weights) > 1 else tried[best])


def losses_of(answers: NDArray, shares: NDArray) -> NDArray[np.float64]:
    """Return each case's log-loss."""
    return -np.log(np.where(answers == 1, shares, 1 - shares))


def loss_of(answers: NDArray, shares: NDArray, weights: NDArray) -> float:
    """Return the mean log-loss."""
    return float(weights @ losses_of(answers, shares) / weights.sum())
