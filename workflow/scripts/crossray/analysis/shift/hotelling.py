"""Test of whether several numbers are all 0, with the covariance of their resamples."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f


def all_zero(draws: NDArray) -> float:
    """Return the p value of numbers that are all 0 (Hotelling's T squared); 1 where resamples are too few.

    Args:
        draws: the sample's numbers first, then those of each resample, shape (draws, numbers).
    """
    resamples, numbers = len(draws) - 1, draws.shape[1]
    if resamples <= numbers:
        return 1.0
    spread = np.cov(draws[1:].T) + 1e-12 * np.eye(numbers)
    distance = float(draws[0] @ np.linalg.solve(spread, draws[0]))
    scale = (resamples - numbers) / (numbers * (resamples - 1))
    return float(f.sf(distance * scale, numbers, resamples - numbers))
