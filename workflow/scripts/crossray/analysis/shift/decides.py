"""The cheapest remedy that would decide an abstaining cell, with its number."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.shift.cell import Explained
from crossray.analysis.shift.prevalence import MIXED, WEAK
from crossray.analysis.shift.terms import CAUSES
from crossray.analysis.shift.verdict import CANNOT_TELL, COMPOUND, LIMITS, NOT_FOUND, Verdict

#: standard errors at which a two-sided test at 5 % has a power of 80 %
_POWER = 2.8
#: share of the labels' offset that the images' offset must be known to
_QUARTER = 4.0
_MOST = 100_000


def cheapest(found: Explained, judged: Verdict, metric: str, images: int) -> str | None:
    """Say what would decide a cell, or nothing where it is decided.

    Args:
        found: the cell.
        judged: its verdict by the metric.
        metric: ``log-loss`` or ``AUC``.
        images: of the target.
    """
    if judged.verdict == NOT_FOUND:
        errors = [_error(found.main[metric][cause]) for cause in CAUSES]
        return _images(images, _POWER * max(errors) / LIMITS.nothing[metric])
    if judged.verdict not in (COMPOUND, CANNOT_TELL):
        return None
    doubt = judged.why if judged.verdict == CANNOT_TELL else ""
    if doubt == WEAK:
        return _images(images, _QUARTER * _error(found.implied) / abs(float(found.recorded[0])), "without labels")
    if doubt == MIXED:
        apart = found.level - found.implied
        return _images(images, _POWER * _error(apart) / max(abs(float(apart[0])), abs(float(found.level[0]))))
    concept = abs(float(found.main[metric]["concept"][0]))
    others = max(abs(float(found.main[metric][cause][0])) for cause in CAUSES[1:-1])
    if judged.verdict == CANNOT_TELL and others > LIMITS.clearly * concept:
        largest = max(CAUSES, key=lambda cause: abs(float(found.main[metric][cause][0])))
        values = found.main[metric][largest]
        return _images(images, _POWER * _error(values) / abs(float(values[0])))
    return _readings(found, metric, concept)


def _error(values: NDArray) -> float:
    return float(np.nanstd(values[1:], ddof=1))


def _images(images: int, factor: float, kind: str = "with labels") -> str | None:
    """Return how many more images shrink an error by a factor."""
    more = images * (factor**2 - 1)
    if not np.isfinite(more) or more < 1:
        return None
    return f"{_number(more)} more images of the target, {kind}"


def _readings(found: Explained, metric: str, concept: float) -> str | None:
    """Return how many images the source's readers would have to read again."""
    needed = (_POWER * found.reading_spread[metric] / max(concept, 1e-9)) ** 2
    if not np.isfinite(needed):
        return None
    already = f" ({found.reread.images} are there)" if found.reread else ""
    return f"a second reading of {_number(needed)} of the target's images by the source's readers{already}"


def _number(value: float) -> str:
    """Return a count, rounded up to two digits."""
    if value > _MOST:
        return f"more than {_MOST:,}"
    step = 10 ** max(len(str(ceil(value))) - 2, 0)
    return f"{ceil(value / step) * step:,}"
