"""How would the source's readers have labelled an image? A model of their labels, and whether the target's differ.

The model has the domain classifier's features and is cross-fitted by patient. With equal label rules, the residuals
of the target's labels minus those of the source's own must be chance: in level, in slope, in floor and ceiling
(randomly wrong labels), and in anything that a second model finds in the image.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import norm

from crossray.analysis.shift.folds import folds_of, left_out, losses_of, scaled, squared
from crossray.analysis.shift.hotelling import all_zero

#: bounds of the direction of wrong labels, whose weight grows without end where a label is sure
_SURE = 20.0


def foreseen(
    logits: tuple[NDArray, NDArray], features: tuple[NDArray, NDArray], labels: NDArray, weights: NDArray,
    patients: tuple[NDArray, NDArray], seed: int,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Return the probability that the source's readers call an image positive, shape (draws, cases) for each side.

    Args:
        logits: of the source's model, shape (cases,) each.
        features: what else is known of the images, shape (cases, features) each.
        labels: the source's.
        weights: of the source's images, with its prevalence as it is compared, shape (draws, cases).
        patients: numbers of the patients of each side.
        seed: of the folds.
    """
    model = scaled(np.concatenate(logits)[:, None])
    design = np.c_[np.ones(len(model)), model, squared(scaled(np.concatenate(features)))[:, 1:]]
    at_home = np.repeat([True, False], [len(part) for part in logits])
    answers = np.r_[labels, np.zeros(len(logits[1]))]
    joint = np.concatenate([weights, np.zeros((len(weights), len(logits[1])))], axis=1)
    folds = folds_of(np.concatenate(patients), seed)
    found = left_out(design, answers, joint, folds, 1 + model.shape[1], at_home)
    return found[:, at_home], found[:, ~at_home]


def no_difference(
    labels: tuple[NDArray, NDArray], shares: tuple[NDArray, NDArray], weights: tuple[NDArray, NDArray]
) -> float:
    """Return the p value of one rule at both sides, by level, slope and wrong labels (Hotelling's T squared).

    Errors are those of the draws, so patients with several images count once, and what the model of the source's
    labels could be otherwise counts too.

    Args:
        labels: of both sides.
        shares: what the source's readers would call positive, shape (draws, cases) each.
        weights: of the shared distribution, shape (draws, cases) each.
    """
    draws = _left(labels[1], shares[1], weights[1]) - _left(labels[0], shares[0], weights[0])
    return all_zero(draws)


def _left(labels: NDArray, shares: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return weighted mean residuals along three directions, shape (draws, 3)."""
    residuals = weights * (labels - shares) / weights.sum(axis=1, keepdims=True)
    directions = (
        np.ones_like(shares),
        logit(shares),
        np.clip((1 - 2 * shares) / (shares * (1 - shares)), -_SURE, _SURE),
    )
    return np.stack([(residuals * direction).sum(axis=1) for direction in directions], axis=1)


def no_gain(
    labels: NDArray, shares: NDArray, features: NDArray, weights: NDArray, patients: NDArray, seed: int
) -> float:
    """Return the one-sided p of a model of the target's labels that gains nothing over the source's rule.

    Args:
        labels: the target's.
        shares: what the source's readers would call positive, shape (cases,).
        features: of the target's images, shape (cases, features).
        weights: of the shared distribution, shape (cases,).
        patients: of the target.
        seed: of the folds.
    """
    design = squared(scaled(features))
    folds = folds_of(patients, seed)
    size = weights / weights.mean()

    own = left_out(design, labels, size[None], folds, offset=logit(shares)[None])[0]
    gains = np.bincount(np.unique(patients, return_inverse=True)[1],
                        size * (losses_of(labels, shares) - losses_of(labels, own)))  # fmt: skip
    error = np.sqrt(((gains - gains.mean()) ** 2).sum())
    return float(norm.sf(gains.sum() / error)) if error > 0 else 1.0
