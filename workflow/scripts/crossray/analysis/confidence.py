"""How good is a model on images without labels? Estimates from its outputs, each from labelled images of its source.

All start from logits that are calibrated at home, and from the source's operating point. With the probability of the
finding in the place of a label, AUC, sensitivity, specificity, accuracy and prevalence are expected values:

- *as at home*: what the labelled images at home say, as if nothing had changed;
- *average confidence*: expected values under the calibrated probabilities (Guillory and others, ICCV 2021);
- *difference of confidences*: the value at home, and the difference of average confidences (the same paper);
- *threshold matching*: the share of images whose confidence exceeds a threshold, chosen so that at home the share is
  the accuracy (Garg and others, ICLR 2022);
- *importance weighting*: the value at home, its images weighted as a domain classifier says (Sugiyama and others 2007);
- *prior shift*: average confidence, after probabilities were moved to the prevalence that the outputs imply (Saerens
  and others 2002).

Class-wise forms do the same separately for images that are called positive and negative (Li and others, MICCAI 2022).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crossray.analysis.shift.logistic import refitted
from crossray.analysis.shift.prevalence import implied_offset

AUC, SENSITIVITY, SPECIFICITY, ACCURACY, PREVALENCE = "auc", "sensitivity", "specificity", "accuracy", "prevalence"
#: what is estimated, in the order of tables
QUANTITIES = (AUC, SENSITIVITY, SPECIFICITY, ACCURACY, PREVALENCE)

AS_AT_HOME = "as at home"
AVERAGE_CONFIDENCE = "average confidence"
DIFFERENCE = "difference of confidences"
MATCHING = "threshold matching"
WEIGHTING = "importance weighting"
PRIOR_SHIFT = "prior shift"
#: added to the name of a class-wise form
BY_CLASS = ", class-wise"

#: standard deviations that draw a class's calibration towards that of all images
_INTERCEPT, _SLOPE = 1.0, 0.5
_PENALTY = 1 / np.array([_INTERCEPT, _SLOPE]) ** 2

Values = dict[str, float]


@dataclass(frozen=True)
class Home:
    """Labelled images of the source that the model did not learn from.

    Attributes:
        labels: 0 or 1, shape (images,).
        logits: calibrated, shape (images,).
        threshold: calibrated logit from which on an image is called positive.
        weights: how much more likely each image is at the target than here, shape (images,).
    """

    labels: NDArray
    logits: NDArray
    threshold: float
    weights: NDArray

    @property
    def called(self) -> NDArray[np.bool_]:
        """Which images are called positive."""
        return self.logits >= self.threshold


def measured(shares: NDArray, logits: NDArray, threshold: float, weights: NDArray | None = None) -> Values:
    """Return every quantity, of labels or expected ones.

    Args:
        shares: labels, or probabilities of the finding, shape (images,).
        logits: shape (images,).
        threshold: from which logit on an image is called positive.
        weights: of images; by default all alike.

    Returns:
        Quantity -> value; NaN without an image of a class.
    """
    each = np.ones(len(shares)) if weights is None else weights / weights.mean()
    positive, negative, called = each * shares, each * (1 - shares), logits >= threshold
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            AUC: _ranking(positive, negative, logits),
            SENSITIVITY: float(positive[called].sum() / positive.sum()),
            SPECIFICITY: float(negative[~called].sum() / negative.sum()),
            ACCURACY: float((positive[called].sum() + negative[~called].sum()) / each.sum()),
            PREVALENCE: float(positive.sum() / each.sum()),
        }


def _ranking(positive: NDArray, negative: NDArray, logits: NDArray) -> float:
    """Return the AUC of images that are partly positive and partly negative, no image against itself."""
    _, ranks = np.unique(logits, return_inverse=True)
    at = np.bincount(ranks, negative)
    below = np.cumsum(at) - at
    won = float(positive @ (below[ranks] + at[ranks] / 2)) - float(positive @ negative) / 2
    pairs = float(positive.sum() * negative.sum() - positive @ negative)
    return won / pairs if pairs > 0 else float("nan")


def estimates(home: Home, logits: NDArray) -> dict[str, Values]:
    """Estimate every quantity by every estimator.

    Args:
        home: labelled images of the source.
        logits: of the target, calibrated at home, shape (images,).

    Returns:
        Estimator -> quantity -> value; an estimator lacks what it cannot estimate.
    """
    return {name: estimate(home, logits) for name, estimate in ESTIMATORS.items()}


def _as_at_home(home: Home, logits: NDArray) -> Values:  # noqa: ARG001
    return measured(home.labels, home.logits, home.threshold)


def _average_confidence(home: Home, logits: NDArray) -> Values:
    return measured(expit(logits), logits, home.threshold)


def _difference(home: Home, logits: NDArray) -> Values:
    found, there = _as_at_home(home, logits), _average_confidence(home, logits)
    here = _average_confidence(home, home.logits)
    return {name: float(np.clip(found[name] + there[name] - here[name], 0, 1)) for name in QUANTITIES}


def _matching(home: Home, logits: NDArray) -> Values:
    right = home.called == (home.labels == 1)
    shares = _matched(right, _confidence(home.logits, home.called), _confidence(logits, logits >= home.threshold))
    return {ACCURACY: shares}


def _weighting(home: Home, logits: NDArray) -> Values:  # noqa: ARG001
    return measured(home.labels, home.logits, home.threshold, home.weights)


def _prior_shift(home: Home, logits: NDArray) -> Values:
    each, others = np.ones((1, len(home.logits))), np.ones((1, len(logits)))
    moved = logits + float(implied_offset(home.logits[None], logits[None], each, others)[0])
    return measured(expit(moved), logits, home.threshold)


def _confidence_by_class(home: Home, logits: NDArray) -> Values:
    shares, called = np.empty(len(logits)), logits >= home.threshold
    for side in (True, False):
        intercept, slope = _calibration(home, side)
        shares[called == side] = expit(intercept + slope * logits[called == side])
    return measured(shares, logits, home.threshold)


def _calibration(home: Home, side: bool) -> tuple[float, float]:
    """Fit intercept and slope among the images on a side of the threshold, drawn towards 0 and 1."""
    here = home.called == side
    if not here.any():
        return 0.0, 1.0
    logits = home.logits[here]
    design = np.c_[np.ones(len(logits)), logits]
    intercept, change = refitted(design, home.labels[here], np.ones((1, len(logits))), _PENALTY, logits[None])[0]
    return float(intercept), 1 + float(change)


def _difference_by_class(home: Home, logits: NDArray) -> Values:
    def rightness(side: bool) -> float:
        here, there = home.called == side, (logits >= home.threshold) == side
        confidence = _confidence(home.logits, home.called)[here], _confidence(logits, logits >= home.threshold)[there]
        change = float(confidence[1].mean() - confidence[0].mean()) if there.any() and here.any() else 0.0
        return float(np.clip(_right(home, side) + change, 0, 1))

    return _of_calls(home, logits, rightness)


def _matching_by_class(home: Home, logits: NDArray) -> Values:
    called = logits >= home.threshold

    def rightness(side: bool) -> float:
        here, there = home.called == side, called == side
        if not here.any() or not there.any():
            return _right(home, side)
        right = (home.labels == 1)[here] == side
        confidence = _confidence(home.logits, home.called)[here], _confidence(logits, called)[there]
        return _matched(right, *confidence)

    return _of_calls(home, logits, rightness)


def _weighting_by_class(home: Home, logits: NDArray) -> Values:
    return _of_calls(home, logits, lambda side: _right(home, side, home.weights))


def _confidence(logits: NDArray, called: NDArray) -> NDArray[np.float64]:
    """Return the probability that each call is right."""
    return np.where(called, expit(logits), expit(-logits))


def _matched(right: NDArray, here: NDArray, there: NDArray) -> float:
    """Return the share of confidences there above the threshold whose share here is that of the right ones."""
    threshold = np.quantile(here, 1 - right.mean(), method="higher")
    return float((there >= threshold).mean()) if right.any() else 0.0


def _right(home: Home, side: bool, weights: NDArray | None = None) -> float:
    """Return which share of the calls on a side is right at home; a half where there is no such call."""
    here = home.called == side
    each = (np.ones(len(here)) if weights is None else weights)[here]
    return float(each @ ((home.labels == 1)[here] == side) / each.sum()) if each.sum() > 0 else 0.5


def _of_calls(home: Home, logits: NDArray, rightness: Callable[[bool], float]) -> Values:
    """Return what follows from the share of images that are called positive, and how often calls are right."""
    share = float((logits >= home.threshold).mean())
    hits, rejections = share * rightness(True), (1 - share) * rightness(False)
    misses, alarms = 1 - share - rejections, share - hits
    return {
        SENSITIVITY: hits / (hits + misses) if hits + misses > 0 else float("nan"),
        SPECIFICITY: rejections / (rejections + alarms) if rejections + alarms > 0 else float("nan"),
        ACCURACY: hits + rejections,
        PREVALENCE: hits + misses,
    }


ESTIMATORS: Mapping[str, Callable[[Home, NDArray], Values]] = {
    AS_AT_HOME: _as_at_home,
    AVERAGE_CONFIDENCE: _average_confidence,
    AVERAGE_CONFIDENCE + BY_CLASS: _confidence_by_class,
    DIFFERENCE: _difference,
    DIFFERENCE + BY_CLASS: _difference_by_class,
    MATCHING: _matching,
    MATCHING + BY_CLASS: _matching_by_class,
    WEIGHTING: _weighting,
    WEIGHTING + BY_CLASS: _weighting_by_class,
    PRIOR_SHIFT: _prior_shift,
}
