"""Intervals of a mean and of a difference of AUCs, and tests of no difference: the same wherever they are shown.

Limits recover the variances from those of the single AUCs (MOVER; Zou and Donner, Statistics in Medicine 2008).
``docs/calibration.md`` shows how often they cover, and how often the tests reject.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize
import scipy.special
from numpy.typing import ArrayLike, NDArray

from crossray.analysis.intervals import LEVEL, Measured, carriers, limits_of, student

#: how many more degrees of freedom the test of two models has than Satterthwaite gives it, who has too few of them for
#: a test that rejects what it may; by simulation
_MORE_FREEDOM = 2.5
#: differences of AUCs below this are rounding
_ROUNDING = 1e-12
#: standard errors up to which a p value is looked for
_FARTHEST = 38.0
_NORMAL = float(scipy.special.ndtri((1 + LEVEL) / 2))


@dataclass(frozen=True)
class Difference:
    """A difference of two AUCs, or of two means of AUCs.

    Attributes:
        value: the difference, -1 to 1.
        low: the lower limit of its 95% interval.
        high: the upper one.
        p: the p value of no difference.
        error: the standard error that the test has.
    """

    value: float
    low: float
    high: float
    p: float
    error: float


def mean_interval(several: Sequence[Measured]) -> tuple[float, float]:
    """Interval of the mean of AUCs whose parts are of the same patients, in the same order."""
    value = _mean(several)
    below, above = _reaches(several, (), student(np.array([one.freedom for one in several]), LEVEL))
    return max(value - below, 0.0), min(value + above, 1.0)


def difference(first: Sequence[Measured], second: Sequence[Measured]) -> Difference:
    """Compare two means of AUCs of different images, as of two hospitals or two groups of patients.

    The limits take the normal quantile; the p value is that of the level at which they reach 0. A patient who is behind
    both counts with what they contribute to both.

    Args:
        first: AUCs, at least one; all parts are of the same patients, in the same order.
        second: those to subtract.
    """
    value = _mean(first) - _mean(second)
    below, above = _reaches(first, second, _NORMAL)
    towards_zero = 0 if value > 0 else 1
    p = _p_value(lambda errors: _reaches(first, second, errors)[towards_zero], abs(value))
    return _in_range(value, value - below, value + above, p, (below, above)[towards_zero] / _NORMAL)


def paired_difference(first: Sequence[Measured], second: Sequence[Measured]) -> Difference:
    """Compare two means of AUCs of the same images, as of two models.

    The test is Student's of what each patient contributes to the difference. That says too little of other differences
    where a model makes few errors: its patients hardly vary, and those of a worse model would. So the interval reaches
    as far as the test's does by Satterthwaite's degrees of freedom, and at least as far as the limits of the two means
    allow. Where the test rejects, it ends at 0.

    Where no patient contributes, as of two models that make no error, the models are compared as if their images were
    others'.

    Args:
        first: AUCs, at least one; all parts are of the same patients, in the same order.
        second: those to subtract.
    """
    parts = _mean_parts(first) - _mean_parts(second)
    parts = np.where(np.abs(parts) > _ROUNDING, parts, 0.0)
    value, error = _mean(first) - _mean(second), math.sqrt(float((parts**2).sum()))
    if not error:
        ours, theirs = ([replace(one, parts=parts) for one in several] for several in (first, second))
        return difference(ours, theirs)
    freedom = carriers(parts)
    p = 2 * float(scipy.special.stdtr(_MORE_FREEDOM * freedom, -abs(value) / error)) if abs(value) > _ROUNDING else 1.0
    reach = error * float(student(freedom, LEVEL))
    below, above = (max(reach, one) for one in _paired_reaches(first, second))
    tested = error * float(student(_MORE_FREEDOM * freedom, LEVEL)) / _NORMAL
    return _in_range(value, value - below, value + above, p, tested)


def ended_at_zero(value: float, low: float, high: float, p: float) -> tuple[float, float]:
    """Return limits of a difference that agree with its test: where this rejects they do not pass 0."""
    if p < 1 - LEVEL:
        return (max(low, 0.0), high) if value > 0 else (low, min(high, 0.0))
    return low, high


def _in_range(value: float, low: float, high: float, p: float, error: float) -> Difference:
    """Return a difference whose limits are possible ones and agree with its test."""
    return Difference(value, *ended_at_zero(value, max(low, -1.0), min(high, 1.0), p), p, error)


def _mean(several: Sequence[Measured]) -> float:
    """Return the mean of AUCs, the same in whichever order they come."""
    return math.fsum(one.auc for one in several) / len(several)


def _mean_parts(several: Sequence[Measured]) -> NDArray[np.float64]:
    """Return what each patient contributes to the mean of AUCs, shape (patients,)."""
    return np.mean([one.parts for one in several], axis=0)


def _reaches(first: Sequence[Measured], second: Sequence[Measured], reach: ArrayLike) -> tuple[float, float]:
    """Return how far the mean of the first less that of the second lies from its limits, the lower and the upper."""
    low, high = limits_of([*first, *second], reach)
    aucs = np.array([one.auc for one in (*first, *second)])
    weights = np.array([1 / len(first)] * len(first) + [-1 / max(len(second), 1)] * len(second))
    units = [_unit(one.parts) for one in (*first, *second)]
    ends = []
    for ours, theirs in ((aucs - low, high - aucs), (high - aucs, aucs - low)):
        reaches = weights * np.where(weights > 0, ours, theirs)
        shared = np.sum([reach * unit for reach, unit in zip(reaches, units, strict=True) if unit is not None], axis=0)
        alone = sum(float(reach) ** 2 for reach, unit in zip(reaches, units, strict=True) if unit is None)
        ends.append(math.sqrt(float(np.sum(shared**2)) + alone))
    return ends[0], ends[1]


def _paired_reaches(first: Sequence[Measured], second: Sequence[Measured]) -> tuple[float, float]:
    """Return how far a difference of means of the same images lies from the limits that those of the means allow.

    What the means share moves both the same way, and not one to its lower limit and the other to its upper: two models
    that err alike differ by little, however wide the limits of each are.
    """
    (below, above), (other_below, other_above) = (_reaches(several, (), _NORMAL) for several in (first, second))
    ours, theirs = _unit(_mean_parts(first)), _unit(_mean_parts(second))
    alike = float(ours @ theirs) if ours is not None and theirs is not None else 0.0
    together = max(abs(below - other_below), abs(above - other_above))

    def joined(one: float, other: float) -> float:
        """Join two reaches; what is shared moves together, or apart where the means err against each other."""
        shared = together if alike > 0 else one + other
        return math.sqrt((1 - abs(alike)) * (one**2 + other**2) + abs(alike) * shared**2)

    return joined(below, other_above), joined(above, other_below)


def _unit(parts: NDArray) -> NDArray[np.float64] | None:
    """Return parts of length 1, whose products are correlations; None where there is no error to correlate."""
    length = math.sqrt(float((parts**2).sum()))
    return parts / length if length else None


def _p_value(reach: Callable[[float], float], distance: float) -> float:
    """Return the two-sided p value of so many standard errors as make a reach as long as a distance."""
    if distance <= _ROUNDING:
        return 1.0
    if reach(_FARTHEST) <= distance:
        return 0.0
    errors = scipy.optimize.brentq(lambda errors: reach(errors) - distance, 0.0, _FARTHEST, xtol=1e-9)
    return 2 * float(scipy.special.ndtr(-errors))
