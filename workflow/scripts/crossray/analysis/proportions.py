"""Sample size planning for shares of images: two shares of the same images, and the number of images needed.

Intervals of single shares are those of :mod:`crossray.analysis.shares`.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from crossray.analysis.intervals import LEVEL

#: power of a planned study
POWER = 0.8


def paired_share_difference(
    first: NDArray, second: NDArray, patients: NDArray, level: float = LEVEL
) -> tuple[float, float, float]:
    """Compare two shares of the same images; return the difference and its limits.

    By patients, with one more image that only the first hits and one that only the second does, so that two who agree
    everywhere are not taken to be equal for certain (Bonett and Price, Journal of Educational and Behavioral Statistics
    2012); Student's t has a degree of freedom less than there are patients.
    """
    apart = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    value = float(apart.mean())
    _, owner = np.unique(patients, return_inverse=True)
    sums, images = np.bincount(owner, apart), np.bincount(owner)
    count = len(apart) + 2
    centre = float(apart.sum()) / count
    parts = np.r_[sums - centre * images, 1 - centre, -1 - centre]
    reach = float(stdtrit(len(sums), (1 + level) / 2)) * math.sqrt(float((parts**2).sum())) / count
    return value, max(centre - reach, -1.0), min(centre + reach, 1.0)


def images_to_show(share: float, wanted: float, level: float = LEVEL, power: float = POWER) -> int | None:
    """Return how many images of one patient each show with some power that a share is not another one.

    None where both are equal: no number would. Normal approximation (Fleiss, Statistical Methods for Rates and
    Proportions, one sample), with one more image for each standard error, as the exact interval is a little wider.
    """
    if abs(share - wanted) < 1e-9:
        return None
    errors = ndtri((1 + level) / 2) * math.sqrt(wanted * (1 - wanted)) + ndtri(power) * math.sqrt(share * (1 - share))
    return math.ceil((errors / (share - wanted)) ** 2 + 1 / abs(share - wanted))
