"""Thresholds of probabilities as those of logits."""

import math

#: logits by which a threshold lies below what it is set to
_HAIR = 1e-12


#: thresholds of a decision curve
POINTS = 26


def curve_thresholds(low: float, high: float) -> list[float]:
    """Return the probabilities of a decision curve, from the lowest to the highest."""
    step = (high - low) / (POINTS - 1)
    return [round(low + step * number, 6) for number in range(POINTS)]


def limit_of_probability(probability: float) -> float:
    """Return the logit from which on an output is called positive; that of 0 and of 1 is beyond all others."""
    if probability in (0, 1):
        return math.inf if probability else -math.inf
    # a hair below, so that an output that is this very probability is called, however its logarithm was rounded
    return math.log(probability / (1 - probability)) - _HAIR
