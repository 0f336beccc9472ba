"""How do labels differ on images that both sides have? Another threshold, wrong labels, or something else.

The target's labels are compared with the source's rule: y ~ sg(z), z the logit of a model of the source's labels,
cross-fitted by patient (``rule_of.py``). A changed threshold is y ~ sg(z + a);
labels that are wrong by chance are y ~ r + (1 - 2r) sg(z), which gives the curve a floor and a ceiling (Menon et al.,
ICML 2015). The Bayesian information criterion chooses between them (Schwarz 1978).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from crossray.analysis.shift.prevalence import effective
from crossray.analysis.shift.terms import expected

NONE, THRESHOLD, NOISE, BOTH = "none", "threshold", "noise", "threshold and noise"
_FREE: Mapping[str, tuple[bool, bool]] = {
    NONE: (False, False), THRESHOLD: (True, False), NOISE: (False, True), BOTH: (True, True)
}  # fmt: skip
_MOST_NOISE = 0.49
_LARGEST = 8.0
_STEPS = 6


@dataclass(frozen=True)
class Rule:
    """How the target's labels relate to the source's rule.

    Attributes:
        name: the relation that the criterion chose.
        shifts: a for each draw, shape (draws,): the target calls from a logit on that is lower by it.
        noises: r for each draw, the share of labels that are wrong.
    """

    name: str
    shifts: NDArray
    noises: NDArray


def compare(logits: NDArray, labels: NDArray, weights: NDArray) -> Rule:
    """Choose a relation on the sample and fit it to every draw.

    Args:
        logits: of the source's rule for the target's images, shape (draws, cases).
        labels: the target's, 0 or 1.
        weights: of the shared distribution, shape (draws, cases).
    """
    size = effective(weights[0])
    sample = weights[0] / weights[0].sum() * size
    fits = {name: _fit(logits[0], labels, sample, free) for name, free in _FREE.items()}
    cost = {name: 2 * loss + sum(_FREE[name]) * np.log(max(size, 2.0)) for name, (_, loss) in fits.items()}
    chosen = min(cost, key=lambda name: cost[name])
    shifts, noises = _refitted(logits, labels, weights, fits[chosen][0], _FREE[chosen])
    return Rule(chosen, shifts, noises)


def _probability(logits: NDArray, shifts: NDArray, noises: NDArray) -> NDArray[np.float64]:
    return noises + (1 - 2 * noises) * expit(logits + shifts)


def _fit(logits: NDArray, labels: NDArray, weights: NDArray, free: tuple[bool, bool]) -> tuple[NDArray, float]:
    """Return (a, r) and the weighted loss at them."""
    bounds = [(-_LARGEST, _LARGEST) if free[0] else (0.0, 0.0), (0.0, _MOST_NOISE) if free[1] else (0.0, 0.0)]

    def loss(pair: NDArray) -> tuple[float, NDArray]:
        value, slope = _loss_and_slope(logits[None], labels, weights[None], pair[None])
        return float(value[0]), slope[0]

    if not any(free):
        return np.zeros(2), loss(np.zeros(2))[0]
    found = minimize(loss, np.array([0.0, 0.02 if free[1] else 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return found.x, float(found.fun)


def _loss_and_slope(logits: NDArray, labels: NDArray, weights: NDArray, pairs: NDArray) -> tuple[NDArray, NDArray]:
    """Return the loss of each draw's (a, r), shape (draws,), and its slope, shape (draws, 2)."""
    shifts, noises = pairs[:, :1], pairs[:, 1:]
    base = expit(logits + shifts)
    shares = np.clip(noises + (1 - 2 * noises) * base, 1e-9, 1 - 1e-9)
    loss = -(weights * np.where(labels == 1, np.log(shares), np.log1p(-shares))).sum(axis=1)
    outer = weights * (shares - labels) / (shares * (1 - shares))
    slope = np.stack(
        [(outer * (1 - 2 * noises) * base * (1 - base)).sum(axis=1), (outer * (1 - 2 * base)).sum(axis=1)], axis=1
    )
    return loss, slope


def _refitted(
    logits: NDArray, labels: NDArray, weights: NDArray, start: NDArray, free: tuple[bool, bool]
) -> tuple[NDArray, NDArray]:
    """Fit every draw from the sample's fit on, with steps of the sample's Fisher information (scoring)."""
    scaled = weights / weights.sum(axis=1, keepdims=True)
    pairs = np.tile(start, (len(weights), 1))
    chosen = np.flatnonzero(free)
    if not len(chosen):
        return pairs[:, 0], pairs[:, 1]
    base = expit(logits[0] + start[0])
    shares = np.clip(start[1] + (1 - 2 * start[1]) * base, 1e-9, 1 - 1e-9)
    slopes = np.stack([(1 - 2 * start[1]) * base * (1 - base), 1 - 2 * base], axis=1)[:, chosen]
    information = (slopes * (scaled[0] / (shares * (1 - shares)))[:, None]).T @ slopes
    inverse = np.linalg.inv(information + 1e-9 * np.eye(len(chosen)))
    limits = np.array([[-_LARGEST, 0.0], [_LARGEST, _MOST_NOISE]])[:, chosen]
    for _ in range(_STEPS):
        slope = _loss_and_slope(logits, labels, scaled, pairs)[1][:, chosen]
        pairs[1:, chosen] = np.clip(pairs[1:, chosen] - slope[1:] @ inverse, *limits)
    return pairs[:, 0], pairs[:, 1]


def split_concept(
    used: NDArray, logits: NDArray, weights: NDArray, rule: Rule, concept: Mapping[str, NDArray]
) -> dict[str, dict[str, NDArray]]:
    """Split the concept term into threshold, noise and what neither explains (other).

    The model's expected loss on the target's shared images is taken with labels by the source's rule, then with the
    moved threshold, then with the noise as well.

    Args:
        used: logits of the model as it is used, shape (cases,).
        logits: as for :func:`compare`.
        weights: of the shared distribution, shape (draws, cases).
        rule: what :func:`compare` found.
        concept: metric -> the concept term of each draw.

    Returns:
        Metric -> threshold, noise, other -> values of each draw; they add up to the concept term.
    """
    nothing, shifts, noises = np.zeros((len(weights), 1)), rule.shifts[:, None], rule.noises[:, None]
    levels = [
        expected(used, _probability(logits, *pair), weights)
        for pair in ((nothing, nothing), (shifts, nothing), (shifts, noises))
    ]
    found = {}
    for metric, values in concept.items():
        none, moved, noisy = (level[metric] for level in levels)
        found[metric] = {"threshold": moved - none, "noise": noisy - moved, "other": values - (noisy - none)}
    return found
