"""Intervals of means of scores between 0 and 1, such as how well maps fit regions: Wilson's, for an effective size.

A score that varies less than one of all or nothing makes an image worth several. How much scores vary is estimated from
patients, whose images are alike, together with one patient more whose image is all or nothing, so that no interval has
width zero. Student's t stands for the normal quantile.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t
from statsmodels.stats.proportion import proportion_confint

from crossray.analysis.intervals import LEVEL, independent

#: what a patient with a score of all or nothing weighs
_PRIOR = 1.0


def interval(scores: NDArray[np.float64], patients: NDArray) -> tuple[float, float]:
    """Interval of the mean over images; never of width zero, and within 0 and 1.

    Args:
        scores: between 0 and 1, shape (images,).
        patients: whose each image is, shape (images,).

    Returns:
        Lower and upper limit; NaN without an image, 0 and 1 with a single patient.
    """
    if not len(scores):
        return float("nan"), float("nan")
    images, mean, owners = len(scores), float(np.mean(scores)), np.unique(patients, return_inverse=True)[1]
    count = int(owners.max()) + 1
    if count == 1:
        return 0.0, 1.0
    expected = images / independent(owners)
    found = expected
    if 0 < mean < 1:
        sums = np.bincount(owners, scores - mean)
        found = float((sums**2).sum()) * count / (count - 1) / (images * mean * (1 - mean))
    size = images * (count + _PRIOR) / (count * found + _PRIOR * expected)
    level = 2 * norm.sf(t.isf((1 - LEVEL) / 2, count - 1))
    low, high = proportion_confint(mean * size, size, alpha=level, method="wilson")
    return min(float(low), mean), max(float(high), mean)
