"""What acting on a model's calls is worth: net benefit (Vickers and Elkin, Medical Decision Making 2006).

Who acts from a probability on says what a false alarm weighs: at 0.1 nine of them are as bad as one finding missed. Net
benefit is the share of images called rightly less that of false alarms, these weighed so; of calling nobody it is 0.

An interval is recovered from Wilson's of the two shares, each of as many images as they are worth where patients have
several (:mod:`crossray.analysis.shares`), and from their correlation over patients (:mod:`crossray.analysis.sums`).
"""

import numpy as np
from numpy.typing import NDArray

from crossray.analysis import shares
from crossray.analysis.local_thresholds import Images
from crossray.analysis.sums import Limits, of_two


def of_calls(here: Images, called: NDArray[np.bool_], weight: float, prevalence: float | None) -> Limits:
    """Return the net benefit of acting on calls, over calling nobody.

    Args:
        here: the images.
        called: which of them are called positive, shape (images,).
        weight: what a false alarm weighs, in findings that are called rightly: the odds of the probability to act from.
        prevalence: share of images with the finding that counts in place of the images' own; sensitivity and
            specificity are then carried over.
    """
    return _weighed(here, called & here.positive, called & ~here.positive, weight, prevalence)


def over_calling_all(here: Images, called: NDArray[np.bool_], weight: float, prevalence: float | None) -> Limits:
    """Return how much more the net benefit of acting on calls is than that of calling everybody."""
    value, low, high = _weighed(here, ~called & here.positive, ~called & ~here.positive, weight, prevalence)
    return -value, -high, -low


def of_calling_all(here: Images, weight: float, prevalence: float | None) -> Limits:
    """Return the net benefit of calling everybody; it is certain where the prevalence is given."""
    if prevalence is None:
        found = float(here.positive.mean()), *shares.interval(here.positive, here.patients)
    else:
        found = prevalence, prevalence, prevalence
    value, low, high = (share - (1 - share) * weight for share in found)
    return value, low, high


def _weighed(
    here: Images, right: NDArray[np.bool_], wrong: NDArray[np.bool_], weight: float, prevalence: float | None
) -> Limits:
    """Return a share of images with the finding, less a weighted share of images without it, of all images."""
    everywhere = np.ones(len(right), bool)
    among = (everywhere, everywhere) if prevalence is None else (here.positive, ~here.positive)
    parts = (1.0, 1.0) if prevalence is None else (prevalence, 1 - prevalence)
    first, second = (
        (float(hits[rows].mean()), *shares.interval(hits[rows], here.patients[rows]))
        for hits, rows in zip((right, wrong), among, strict=True)
    )
    sums = [
        np.bincount(here.patients[rows], hits[rows] - hits[rows].mean(), here.count)
        for hits, rows in zip((right, wrong), among, strict=True)
    ]
    return of_two((parts[0], first), (-parts[1] * weight, second), _correlation(*sums))


def _correlation(first: NDArray, second: NDArray) -> float:
    """Return the correlation of two sums over patients; 0 where one of them does not vary."""
    spread = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / spread if spread else 0.0
