"""How sure a share of images is, such as a sensitivity, where patients have several images; and how many would do.

The interval is Clopper and Pearson's (Biometrika 1934) with the mid-P correction (Lancaster, JASA 1961), of as many
images as would say as much if each had its own patient (Korn and Graubard, Survey Methodology 1998). How many these are
is estimated from the patients, and drawn towards Kish's design effect the more, the fewer patients carry the estimate.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betainc, ndtri, stdtrit

from crossray.analysis.intervals import LEVEL, carriers, independent

#: what Kish's design effect weighs, in patients that carry the estimated one, as for an AUC
_PRIOR = 12.0
#: power of a planned study
POWER = 0.8


def share_interval(hits: NDArray, patients: NDArray, level: float = LEVEL) -> tuple[float, float]:
    """Interval of the share of images that are hits; 0 to 1 where there is no image.

    Args:
        hits: whether each image is one, shape (images,).
        patients: number of the patient of each image, shape (images,).
        level: of confidence, two-sided.
    """
    if not len(hits):
        return 0.0, 1.0
    share, size = float(np.mean(hits)), effective_size(hits, patients)
    tail = (1 - level) / 2
    low = 0.0 if share == 0 else brentq(lambda p: _above(share * size, size, p) - tail, 0, share)
    high = 1.0 if share == 1 else brentq(lambda p: _above((1 - share) * size, size, 1 - p) - tail, share, 1)
    return float(low), float(high)


def _above(count: float, size: float, share: float) -> float:
    """Mid-P probability of at least so many hits; of numbers that are no integers, by the incomplete beta function."""
    at_least = betainc(count, size - count + 1, share)
    more = betainc(count + 1, size - count, share) if size > count else 0.0
    return float(at_least + more) / 2


def effective_size(hits: NDArray, patients: NDArray) -> float:
    """Return how many images of one patient each would say as much about a share; at most the number of images."""
    hits = np.asarray(hits, np.float64)
    _, owner, images = np.unique(patients, return_inverse=True, return_counts=True)
    share, count = hits.mean(), len(images)
    expected = len(hits) / independent(patients)
    parts = np.bincount(owner, hits) - share * images
    binomial = share * (1 - share) * len(hits)
    if not binomial or count < 2:
        return len(hits) / expected
    estimated = count / (count - 1) * float((parts**2).sum()) / binomial
    carried = carriers(parts)
    effect = (carried * estimated + _PRIOR * expected) / (carried + _PRIOR)
    return len(hits) / max(effect, 1.0)


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
