"""Intervals of shares of images, such as a sensitivity: Wilson's interval for the effective number of images.

Several images of one patient count less than one image each of several patients: by how much is estimated from the
data, shrunk towards Kish's (1965) value for correlated images the more the fewer patients there are.
"""

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from crossray.analysis.intervals import LEVEL, independent

#: what Kish's expectation weighs, in patients
_PRIOR = 12.0


def interval(hits: NDArray[np.bool_], patients: NDArray) -> tuple[float, float]:
    """Interval of the share of hits; never of width zero, and within 0 and 1.

    Args:
        hits: shape (images,).
        patients: whose each image is, shape (images,).

    Returns:
        Lower and upper limit; NaN without an image.
    """
    if not len(hits):
        return float("nan"), float("nan")
    return of_size(float(hits.mean()), worth(hits, patients))


def of_size(share: float, size: float) -> tuple[float, float]:
    """Wilson's interval of a share of so many images of one patient each; the number need not be whole."""
    low, high = proportion_confint(share * size, size, alpha=1 - LEVEL, method="wilson")
    return min(float(low), share), max(float(high), share)  # what is all or nothing is off by rounding


def worth(hits: NDArray[np.bool_], patients: NDArray) -> float:
    """Return how many images of one patient each would say as much about a share; as :func:`interval`."""
    images = len(hits)
    share, owners = float(hits.mean()), np.unique(patients, return_inverse=True)[1]
    count = int(owners.max()) + 1
    expected = images / independent(owners)
    found = expected
    if count > 1 and 0 < share < 1:
        sums = np.bincount(owners, hits - share)
        found = float((sums**2).sum()) * count / (count - 1) / (images * share * (1 - share))
    return images / moderated(found, expected, count)


def moderated(found: float, expected: float, patients: float) -> float:
    """Draw a design effect towards what is expected of it, the less so the more patients there are."""
    weight = patients / (patients + _PRIOR)
    return weight * found + (1 - weight) * expected
