"""The cheapest remedy that would decide an abstaining cell, with its number."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from crossray.analysis.shift.cell import Explained
from crossray.analysis.shift.prevalence import MIXED, WEAK
from crossray.analysis.shift.terms import CAUSES
from crossray.analysis.shift.verdict import (
    CAUSE_WORDS,
    LIMITS,
    NOT_FOUND,
    ONE_CLASS,
    OVERLAP,
    READING,
    REPRESENTATION,
    SCORES,
    SEVERITY,
    TIE,
    UNCONFIRMED,
    Verdict,
)

#: standard errors at which a two-sided test at 5% has a power of 80%
_POWER = 2.8
#: share of the labels' offset that the images' offset must be known to
_QUARTER = 4.0
#: patients of a class from which on fewer than 1% of the resamples lack it
_PATIENTS = 5.0
_MOST = 100_000


@dataclass(frozen=True)
class _Open:
    """An abstention: the cell, its verdict by a metric, and the images of both sides."""

    found: Explained
    judged: Verdict
    metric: str
    target: int
    source: int

    def values(self, cause: str) -> NDArray:
        """Return a cause's term, of each draw."""
        return self.found.main[self.metric][cause]


def cheapest(found: Explained, judged: Verdict, metric: str, target: int, source: int) -> str | None:
    """Say what would decide a cell, or nothing where it is decided.

    Args:
        found: the cell.
        judged: its verdict by the metric.
        metric: ``log-loss`` or ``AUC``.
        target: images of the target.
        source: images of the source.
    """
    return _REMEDIES[judged.about](_Open(found, judged, metric, target, source)) if judged.about else None


def _alike(cell: _Open) -> str:
    """Say how many like images the source needs for its share in the shared distribution."""
    needed = cell.source * LIMITS.overlap / (1 - LIMITS.overlap)
    return f"{_number(needed)} images of the source that look like the target's, with labels"


def _unlabelled(cell: _Open) -> str:
    """Say how many images tell the prevalence to a quarter of what labels say."""
    return _images(cell, _QUARTER * _error(cell.found.implied) / abs(float(cell.found.recorded[0])), "without labels")


def _level(cell: _Open) -> str:
    """Say how many images tell whether labels of like images moved with the prevalence."""
    apart = cell.found.level - cell.found.implied
    return _images(cell, _POWER * _error(apart) / max(abs(float(apart[0])), abs(float(cell.found.level[0]))))


def _rare(cell: _Open) -> str:
    """Say how many images have enough patients of both classes: a share e^-k of the resamples lacks a class of k."""
    lacking = float(np.mean(np.isnan(np.stack([cell.values(cause) for cause in CAUSES])).any(axis=0)))
    patients = -np.log(np.clip(lacking, 1e-9, 1 - 1e-9))
    return _images(cell, np.sqrt(_PATIENTS / patients))


def _confirming(cell: _Open) -> str:
    """Say how many images confirm a term by its test, or how many readings do where labels would be it."""
    cause = cell.judged.causes[0]
    if cause == "concept":
        return _readings(cell)
    by_term = _POWER * _error(cell.values(cause)) / abs(float(cell.values(cause)[0]))
    return _images(cell, max(by_term, _by_test(cell.found.p[cause])))


def _untied(cell: _Open) -> str:
    """Say how many images tell whether one term is clearly larger than another."""
    first, second = (np.abs(cell.values(cause)) for cause in cell.judged.causes)
    gap = first - LIMITS.clearly * second
    words = " and ".join(CAUSE_WORDS[cause] for cause in cell.judged.causes)
    return _images(cell, _POWER * _error(gap) / abs(float(gap[0])), none=f"nothing: {words} cost about as much")


def _severity(cell: _Open) -> str:
    """Say what tells sicker patients from images that look so: readings of labels, or no image at all."""
    if "image" not in cell.judged.causes:
        return _readings(cell)
    return "no number of images: how sick the target's patients are, from another source than their radiographs"


def _scores(cell: _Open) -> str:
    """Say how many images tell scores of sicker patients from those of another prevalence."""
    return _images(cell, _by_test(cell.found.as_prevalent), "without labels")


def _description(cell: _Open) -> str:
    """Say what decides between two descriptions: readings where one blames labels, else a third description."""
    if "concept" in cell.judged.causes:
        return _readings(cell)
    return "no number of images: features that show more (explanation.encoder)"


def _weak(cell: _Open) -> str:
    """Say how many images would show every term that is not small."""
    limit = LIMITS.nothing[cell.metric]
    if cell.found.reread:
        return _readings(cell, limit)
    return _images(cell, _POWER * max(_error(cell.values(cause)) for cause in CAUSES) / limit)


def _readings(cell: _Open, cost: float | None = None) -> str:
    """Say how many images the source's readers would have to read again, to see a cost of labels."""
    cost = abs(float(cell.values("concept")[0])) if cost is None else cost
    needed = (_POWER * cell.found.reading_spread[cell.metric] / max(cost, 1e-9)) ** 2
    already = cell.found.reread.images if cell.found.reread else 0
    there = f" ({already:,} are there)" if already else ""
    count = _number(max(needed, already + 1))
    which = f"{count} of the target's images" if needed <= cell.target else f"{count} images of the target"
    return f"a second reading of {which} by the source's readers{there}"


#: what an abstention is about -> what says how to decide it
_REMEDIES: Mapping[str, Callable[[_Open], str]] = {
    OVERLAP: _alike, WEAK: _unlabelled, MIXED: _level, ONE_CLASS: _rare, UNCONFIRMED: _confirming, TIE: _untied,
    SEVERITY: _severity, SCORES: _scores, REPRESENTATION: _description, READING: _readings, NOT_FOUND: _weak,
}  # fmt: skip


def _by_test(p: float) -> float:
    """Return the factor that errors must shrink by until a test with this p value finds something."""
    return _POWER / max(float(norm.isf(p / 2)), 1e-9)


def _error(values: NDArray) -> float:
    return float(np.nanstd(values[1:], ddof=1))


def _images(cell: _Open, factor: float, kind: str = "with labels", none: str = "") -> str:
    """Return how many more images shrink an error by a factor; ``none`` where it is small enough."""
    more = cell.target * (factor**2 - 1)
    if none and more <= 0:
        return none
    return f"{_number(max(more, 1))} more images of the target, {kind}"


def _number(value: float) -> str:
    """Return a count, rounded up to two digits."""
    if not value <= _MOST:
        return f"more than {_MOST:,}"
    step = 10 ** max(len(str(ceil(value))) - 2, 0)
    return f"{ceil(value / step) * step:,}"
