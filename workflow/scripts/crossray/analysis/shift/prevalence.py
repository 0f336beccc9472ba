"""How common is a finding at the target? By the labels, and by the images under the source's label rule.

If the distribution of images given the label is the same at both places, the target's prevalence follows from the
scores alone
(Saerens, Latinne and Decaestecker 2002; Alexandari, Kundaje and Shrikumar, ICML 2020). If the labels disagree, the
label rule differs. Offsets are in units of log-odds. Rows of weights are draws, the first is the sample itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from crossray.analysis.shift.logistic import refitted

#: an offset of the images or of the labels is taken as real from so many standard errors on
CLEAR = 2.5
#: offsets that differ by a smaller share are one: scores are never calibrated to the point
_ALIKE = 0.2
_LARGEST = 4.0
_HALVINGS = 30
_EDGE = 1e-6

MIXED = "prevalence or case mix"
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


def level_offset(logits: NDArray, labels: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return the constant that the source's logits need to give the target's labels, shape (draws,).

    Args:
        logits: calibrated at the source, shape (draws, cases).
        labels: the target's.
        weights: shape (draws, cases).
    """
    design = np.ones((len(labels), 1))
    return refitted(design, sharpened(labels), weights, np.array([1e-6]), logits)[:, 0]


def _share(labels: NDArray, weights: NDArray) -> NDArray[np.float64]:
    return np.clip(weights @ labels / weights.sum(axis=1), _EDGE, 1 - _EDGE)


def class_weights(labels: NDArray, weights: NDArray, offsets: NDArray) -> NDArray[np.float64]:
    """Return factors that move the prevalence's log-odds by each draw's offset, shape (draws, cases)."""
    before = _share(labels, weights)
    after = expit(logit(before) + offsets)
    return np.where(labels == 1, (after / before)[:, None], ((1 - after) / (1 - before))[:, None])


def implied_weights(logits: NDArray, weights: NDArray, offsets: NDArray) -> NDArray[np.float64]:
    """Return factors that move the prevalence by each draw's offset without a look at labels, shape (draws, cases).

    Args:
        logits: calibrated, shape (draws, cases).
        weights: shape (draws, cases).
        offsets: of the prevalence's log-odds, shape (draws,).
    """
    shares = expit(logits)
    before = np.clip((weights * shares).sum(axis=1) / weights.sum(axis=1), _EDGE, 1 - _EDGE)
    after = expit(logit(before) + offsets)
    return (after / before)[:, None] * shares + ((1 - after) / (1 - before))[:, None] * (1 - shares)


def effective(weights: NDArray) -> float:
    """Return Kish's effective number of cases, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


@dataclass(frozen=True)
class Step:
    """The prevalence step of a cell.

    Attributes:
        offsets: what the source is re-weighted by, shape (draws,).
        rule: ``none`` or ``agree`` (images and labels agree).
        doubt: why it is not identifiable, or empty.
    """

    offsets: NDArray
    rule: str
    doubt: str


def choose_step(implied: NDArray, recorded: NDArray, level: NDArray) -> Step:
    """Choose by how much the source is re-weighted before its images are compared with the target's.

    More findings of the same kinds move the log-odds of every image's label by as much as the prevalence's; sicker
    patients under the same rule move none. So a prevalence is believed where images and labels tell the same and labels
    of like images move with it.

    Args:
        implied: offsets from the images, shape (draws,), the sample's first.
        recorded: offsets from the labels.
        level: how much higher the log-odds of the target's labels are than the source's rule says image by image.
    """
    clear = {name: _clear(values) for name, values in (("implied", implied), ("recorded", recorded), ("level", level))}
    agree = not _clear(implied - recorded) or abs(implied[0] - recorded[0]) < _ALIKE * abs(implied[0])
    nothing = np.zeros_like(implied)
    if clear["implied"] and agree:
        if clear["level"] and level[0] * implied[0] > 0:
            certainty, other = (1 / max(float(values[1:].var(ddof=1)), 1e-18) for values in (implied, recorded))
            return Step((implied * certainty + recorded * other) / (certainty + other), "agree", "")
        return Step(nothing, "none", "" if _clear(level - implied) else MIXED)
    return Step(nothing, "none", WEAK if clear["recorded"] and agree and not clear["implied"] else "")


def _clear(values: NDArray) -> bool:
    """Return whether the sample's value is surely not 0."""
    return bool(abs(values[0]) > CLEAR * max(float(values[1:].std(ddof=1)), 1e-9))
