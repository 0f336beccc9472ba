"""The drop due to labels alone: the target's images by the target's labels and by the source's readers.

Both readings are of the same images, so any difference is due to the labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.shift.terms import METRICS, Side, expected

#: samples behind the spread of a second reading
_SAMPLES = 40
#: draws from which on control variates are used
_FEWEST = 20


@dataclass(frozen=True)
class Reread:
    """A second reading of some of the target's images.

    Attributes:
        images: how many.
        labels: metric -> what the target's labels cost more than the source's readers', of each draw.
    """

    images: int
    labels: Mapping[str, NDArray]


def reread(target: Side, second: NDArray | None, weights: NDArray, shares: NDArray) -> Reread | None:
    """Measure what labels alone cost, or return nothing where no two readings have both classes.

    Images that were read twice differ by chance from the others in what is known of all; that chance is taken out as
    far as the draws say that it goes with what labels cost (control variates; Lavenberg and Welch 1981).

    Args:
        target: its labels, and logits.
        second: what the source's readers said, NaN where they did not look; shape (cases,).
        weights: counts of each draw, shape (draws, cases).
        shares: probability that the source's readers call each image positive, shape (draws, cases).
    """
    if second is None:
        return None
    here = ~np.isnan(second)
    readings = target.labels[here], second[here]
    if any(len(np.unique(one)) < 2 for one in readings):
        return None
    some = Side(target.labels[here], target.logits[here])
    first, other = (Side(one, some.logits).measured(weights[:, here]) for one in readings)
    every, foreseen = target.measured(weights), expected(target.logits, shares, weights)
    some_foreseen = expected(some.logits, shares[:, here], weights[:, here])
    labels = {}
    for metric in METRICS:
        chance = np.stack([first[metric] - every[metric], some_foreseen[metric] - foreseen[metric]], axis=1)
        labels[metric] = _without(first[metric] - other[metric], chance)
    return Reread(int(here.sum()), labels)


def _without(values: NDArray, chance: NDArray) -> NDArray[np.float64]:
    """Take what is known to be chance out of values, both of each draw, shapes (draws,) and (draws, controls).

    Slopes fit the draws that they come from better than the sample, so draws are spread to a prediction's error there
    (Draper and Smith 1998, section 5.2).
    """
    known = ~np.isnan(np.c_[values, chance]).any(axis=1)
    known[0] = False
    count, controls = int(known.sum()), chance.shape[1]
    if count < _FEWEST:
        return values
    away = chance[known] - chance[known].mean(axis=0)
    slopes = np.linalg.lstsq(away, values[known] - values[known].mean(), rcond=None)[0]
    left = values - chance @ slopes
    own = float(chance[0] @ np.linalg.pinv(away.T @ away) @ chance[0])
    middle = left[known].mean()
    left[1:] = middle + (left[1:] - middle) * np.sqrt((1 + own) * (count - 1) / (count - 1 - controls))
    return left


def spread_of_readings(target: Side, shares: NDArray, seed: int) -> dict[str, float]:
    """Return how uncertain a second reading of one image would leave what labels cost; of n, divide by their root.

    Args:
        target: its labels, and logits.
        shares: probability that the source's readers call each image positive, shape (cases,).
        seed: of the samples of images and of readings.
    """
    generator = np.random.default_rng(seed)
    cases = len(target.labels)
    drawn: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for _ in range(_SAMPLES):
        rows = generator.integers(cases, size=cases)
        sample = Side(target.labels[rows], target.logits[rows])
        again = replace(sample, labels=(generator.random(cases) < shares[rows]).astype(np.float64))
        if min(len(np.unique(side.labels)) for side in (sample, again)) < 2:
            continue
        ones = np.ones((1, cases))
        first, other = sample.measured(ones), again.measured(ones)
        for metric in METRICS:
            drawn[metric].append(float(first[metric][0] - other[metric][0]))
    return {
        metric: float(np.std(values) * np.sqrt(cases)) if len(values) > 1 else float("nan")
        for metric, values in drawn.items()
    }
