"""A control chart of months: how far is each month from those before it, and when does it add up to an alarm?

A self-starting CUSUM (Hawkins 1987): every month is compared with the mean and the deviation of all months before it,
so that nothing about the first months has to be known for certain. While nothing changes, what comes out is a standard
normal variable for each month, independent of all others (the recursive residuals of Brown, Durbin and Evans 1975,
their t distribution turned into a normal one), however short the baseline is. Limits follow from that: they are of the
probability of an alarm in a number of months, by the Markov chain of Brook and Evans (1972).
"""

import functools

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.stats import norm

#: what a month must differ by, in its own standard deviations, before it adds to a sum
REFERENCE = 0.5
#: states of the chain
_STATES = 200
_HALVINGS = 40
#: a month is never farther from the others than this many standard deviations, as logarithms end there
_FARTHEST = 8.0


def surprises(values: NDArray, sizes: NDArray, least: float = 0.0) -> NDArray[np.float64]:
    """Return how far each month is from those before it, as standard normal variables.

    Args:
        values: means of months, shape (months,).
        sizes: how much each month says, above 0, such as its patients; a mean has a variance proportional to 1 / size.
        least: standard deviation of a single patient that is known to be there at least, as that of a share is.

    Returns:
        Shape (months,); NaN for the first two, which nothing can be compared with, and where no month before varies.
    """
    apart = values - values[0]
    weights = np.cumsum(sizes)[1:-1]
    centres = np.cumsum(sizes * apart)[1:-1] / weights
    freedom = np.arange(1, len(weights) + 1)
    variances = np.maximum(np.cumsum(sizes * apart**2)[1:-1] - weights * centres**2, 0) / freedom
    deviations = np.sqrt(np.maximum(variances, least**2) * (1 / sizes[2:] + 1 / weights))
    moved, smallest = apart[2:] - centres, 1e-7 * np.maximum(np.abs(centres), 1e-5)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(deviations > smallest, moved / deviations, np.where(np.abs(moved) > smallest, np.nan, 0.0))
    # t variables become normal ones of the same probability
    tails = special.stdtr(freedom, -np.abs(found))
    return np.r_[np.nan, np.nan, np.sign(found) * np.minimum(-special.ndtri(tails), _FARTHEST)]


def sums(scores: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums of both sides after each month (Page 1954); a month without a score changes none.

    Args:
        scores: of :func:`surprises`, of the months that are watched, shape (months,).

    Returns:
        The sum of rises and the sum of falls, both 0 or more.
    """
    rises, falls = np.zeros(len(scores)), np.zeros(len(scores))
    up = down = 0.0
    for month, score in enumerate(np.nan_to_num(scores)):
        up, down = max(0.0, up + score - REFERENCE), max(0.0, down - score - REFERENCE)
        rises[month], falls[month] = up, down
    return rises, falls


@functools.cache
def limit_for(months: int, alarms: float) -> float:
    """Return the limit that a side's sum exceeds within so many months with a probability, while nothing changes.

    Args:
        months: that are watched, at least 1.
        alarms: the probability, above 0 and below 1/2.
    """
    low, high = 0.0, 4.0
    while alarm_probability(high, months) > alarms:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if alarm_probability(middle, months) > alarms else (low, middle)
    return high


def alarm_probability(limit: float, months: int) -> float:
    """Return the probability that a side's sum exceeds a limit within so many months, while nothing changes."""
    width = limit / (_STATES - 0.5)
    places = np.arange(_STATES) * width
    edges = np.r_[-np.inf, (np.arange(_STATES) + 0.5) * width]
    reached = norm.cdf(edges[None, 1:] - places[:, None] + REFERENCE)
    steps = np.diff(np.c_[np.zeros(_STATES), reached], axis=1)
    state = np.zeros(_STATES)
    state[0] = 1.0
    for _ in range(months):
        state = state @ steps
    return float(1 - state.sum())


def first_alarm(scores: NDArray, limit: float) -> tuple[int, int, int] | None:
    """Return the month of the first alarm, the month in which its sum began, and its direction; None without one.

    Args:
        scores: of the months that are watched.
        limit: of each side.

    Returns:
        Places in ``scores``, and 1 for a rise or -1 for a fall.
    """
    for_sides = ((side, 1 - 2 * number) for number, side in enumerate(sums(scores)))
    found = [(int(np.argmax(side > limit)), side, sign) for side, sign in for_sides if (side > limit).any()]
    if not found:
        return None
    month, side, sign = min(found, key=lambda one: one[0])
    zeros = np.flatnonzero(side[: month + 1] == 0)
    return month, int(zeros[-1]) + 1 if len(zeros) else 0, sign
