"""The drop due to labels alone: the target's images by the target's labels and by the source's readers.

Both readings are of the same images, so any difference is due to the labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.shift.terms import METRICS, Side

#: samples behind the spread of a second reading
_SAMPLES = 40
#: draws from which on the control variate is used
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


def reread(target: Side, second: NDArray | None, weights: NDArray) -> Reread | None:
    """Measure what labels alone cost, or return nothing where no two readings have both classes.

    The model does better or worse by chance on the images that were read twice than on all; that chance is taken out
    as far as the draws say that it goes with what labels cost (a control variate; Lavenberg and Welch 1981).

    Args:
        target: its labels, and logits.
        second: what the source's readers said, NaN where they did not look; shape (cases,).
        weights: counts of each draw, shape (draws, cases).
    """
    if second is None:
        return None
    here = ~np.isnan(second)
    readings = target.labels[here], second[here]
    if any(len(np.unique(one)) < 2 for one in readings):
        return None
    some = Side(target.labels[here], target.logits[here])
    first, other = (Side(one, some.logits).measured(weights[:, here]) for one in readings)
    every = target.measured(weights)
    labels = {metric: _without(first[metric] - other[metric], first[metric] - every[metric]) for metric in METRICS}
    return Reread(int(here.sum()), labels)


def _without(values: NDArray, chance: NDArray) -> NDArray[np.float64]:
    """Take what is known to be chance out of values, both of each draw, shape (draws,).

    The slope fits the draws that it comes from better than the sample, so draws are spread to the error of a
    prediction there (Draper and Smith 1998, section 1.4).
    """
    known = ~np.isnan(values + chance)
    known[0] = False
    count = int(known.sum())
    if count < _FEWEST:
        return values
    away = chance[known] - chance[known].mean()
    total = max(float(away @ away), 1e-18)
    left = values - chance * (away @ values[known]) / total
    middle = left[known].mean()
    widened = np.sqrt((1 + chance[0] ** 2 / total) * (count - 1) / (count - 2))
    return np.r_[left[0], middle + widened * (left[1:] - middle)]


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
