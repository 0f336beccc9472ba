"""How common is a finding elsewhere? As the labels say, and as the images say under the source's label rule.

If the law of images given the label is the same at both places, the target's prevalence follows from the scores alone
(Saerens, Latinne and Decaestecker 2002; Alexandari, Kundaje and Shrikumar, ICML 2020). Where labels say something else,
the label rule differs. Offsets are in units of log-odds. Rows of weights are draws, the first is the sample itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from crossray.analysis.shift.logistic import refitted

#: an offset of the images or of the labels is taken as real from so many standard errors on
CLEAR = 2.5
#: distance of two score distributions, scaled, that chance exceeds in 1 % (Kolmogorov)
_DISTANCE = 1.63
_LARGEST = 4.0
_HALVINGS = 30
_EDGE = 1e-6

AXIS = "prevalence or acquisition along severity"
WEAK = "prevalence or label rule"


def sharpened(labels: NDArray) -> NDArray[np.float64]:
    """Return Platt's targets, which keep a fit finite where scores separate the classes (Platt 1999, section 2.2)."""
    positives, negatives = (labels == 1).sum(), (labels == 0).sum()
    return np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))


def calibration(scores: NDArray, labels: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Fit intercept and slope of the logit under each row of weights (Platt 1999), shape (draws, 2)."""
    centre, scale = scores.mean(), max(float(scores.std()), 1e-9)
    design = np.c_[np.ones(len(scores)), (scores - centre) / scale]
    found = refitted(design, sharpened(labels), weights, np.array([0.0, 1e-6]))
    slope = found[:, 1] / scale
    return np.c_[found[:, 0] - slope * centre, slope]


def implied_offset(source: NDArray, target: NDArray, source_weights: NDArray, target_weights: NDArray) -> NDArray:
    """Return the offset of the prevalence's log-odds that fits the target's scores best, one for each draw.

    Args:
        source: calibrated logits, shape (draws, cases).
        target: the same of the target's images.
        source_weights: shape (draws, cases).
        target_weights: shape (draws, cases).

    Returns:
        Offsets within -4 and 4, shape (draws,): the maximum of the mixture's likelihood, whose slope in the prevalence
        falls, so halving finds it. The prevalence before is the mean calibrated score, so that equal scores give 0.
    """
    shares = expit(source)
    before = np.clip((source_weights * shares).sum(axis=1) / source_weights.sum(axis=1), _EDGE, 1 - _EDGE)
    positive, negative = expit(target) / before[:, None], expit(-target) / (1 - before[:, None])
    low, high = np.full(len(before), -_LARGEST), np.full(len(before), _LARGEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        after = expit(logit(before) + middle)[:, None]
        rising = (target_weights * (positive - negative) / (after * positive + (1 - after) * negative)).sum(axis=1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return (low + high) / 2


def recorded_offset(
    source: NDArray, target: NDArray, source_weights: NDArray, target_weights: NDArray
) -> NDArray[np.float64]:
    """Return the difference of the labels' log-odds, target less source, shape (draws,)."""
    return logit(_share(target, target_weights)) - logit(_share(source, source_weights))


def _share(labels: NDArray, weights: NDArray) -> NDArray[np.float64]:
    return np.clip(weights @ labels / weights.sum(axis=1), _EDGE, 1 - _EDGE)


def class_weights(labels: NDArray, weights: NDArray, offsets: NDArray) -> NDArray[np.float64]:
    """Return factors that move the prevalence's log-odds by each draw's offset, shape (draws, cases)."""
    before = _share(labels, weights)
    after = expit(logit(before) + offsets)
    return np.where(labels == 1, (after / before)[:, None], ((1 - after) / (1 - before))[:, None])


def distance(source: NDArray, weights: NDArray, target: NDArray, patients_per_image: float) -> float:
    """Return the largest distance of two distribution functions, scaled so that 1.63 is chance's 1 % point.

    Args:
        source: scores.
        weights: of the source's scores.
        target: scores.
        patients_per_image: share by which images of one patient make the sample smaller.
    """
    order = np.argsort(source)
    summed = np.r_[0, np.cumsum(weights[order]) / weights.sum()]
    places = np.r_[source, target]
    at_source = summed[np.searchsorted(source[order], places, side="right")]
    at_target = np.searchsorted(np.sort(target), places, side="right") / len(target)
    size, other = effective(weights) * patients_per_image, len(target) * patients_per_image
    return float(np.abs(at_source - at_target).max() * np.sqrt(size * other / (size + other)))


def effective(weights: NDArray) -> float:
    """Return Kish's effective number of cases, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


@dataclass(frozen=True)
class Step:
    """The prevalence step of a cell.

    Attributes:
        offsets: what the source is re-weighted by, shape (draws,).
        rule: why: ``none``, ``agree`` (images and labels tell the same), ``images`` (labels say something else).
        doubt: why nobody can tell, or empty.
    """

    offsets: NDArray
    rule: str
    doubt: str


def choose_step(implied: NDArray, recorded: NDArray, fit: float) -> Step:
    """Choose by how much the source is re-weighted before its images are compared with the target's.

    Args:
        implied: offsets from the images, shape (draws,), the sample's first.
        recorded: offsets from the labels.
        fit: distance of the scores after re-weighting by ``implied``.
    """
    error, recorded_error = (max(float(values[1:].std(ddof=1)), 1e-9) for values in (implied, recorded))
    agree = abs(implied[0] - recorded[0]) < CLEAR * np.hypot(error, recorded_error)
    if abs(implied[0]) > CLEAR * error:
        if agree:
            certainty, other = error**-2, recorded_error**-2
            return Step((implied * certainty + recorded * other) / (certainty + other), "agree", "")
        return Step(implied, "images", "") if fit < _DISTANCE else Step(np.zeros_like(implied), "none", AXIS)
    doubtful = abs(recorded[0]) > CLEAR * recorded_error and agree
    return Step(np.zeros_like(implied), "none", WEAK if doubtful else "")
