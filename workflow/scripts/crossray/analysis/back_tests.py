"""What error is an estimate without labels expected to have? What back-tests at other cohorts of patients say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

#: cohorts with labels, besides the cell's own, that a back-test takes
FEWEST = 4
#: of prediction intervals
LEVEL = 0.95


@dataclass(frozen=True)
class Expected:
    """What other cohorts say of an estimate's error: a prediction interval, NaN of too few, and how many they are."""

    low: float
    high: float
    targets: int

    @property
    def is_known(self) -> bool:
        """Return whether they are enough."""
        return self.targets >= FEWEST

    def is_within(self, tolerance: float) -> bool:
        """Return whether the whole interval is within a tolerance."""
        return self.is_known and max(abs(self.low), abs(self.high)) <= tolerance


def expected_error(errors: NDArray, cohorts: Sequence[str] | NDArray) -> Expected:
    """Predict the error at another cohort.

    Args:
        errors: of back-tests, shape (cells,).
        cohorts: whose patients each cell has, shape (cells,).

    Returns:
        The interval of one more cell at one more cohort. The variance of an error is taken around the mean of cohorts,
        so that it has the spread within cohorts too.
    """
    names, codes = np.unique(np.asarray(cohorts, dtype=str), return_inverse=True)
    count = len(names)
    if count < 2:
        return Expected(float("nan"), float("nan"), count)
    cells = np.bincount(codes)
    centre = float((np.bincount(codes, errors) / cells).mean())
    variance = float((np.bincount(codes, (errors - centre) ** 2) / cells).sum()) / (count - 1)
    reach = float(t.ppf((1 + LEVEL) / 2, count - 1)) * np.sqrt(variance * (1 + 1 / count))
    return Expected(centre - reach, centre + reach, count)
