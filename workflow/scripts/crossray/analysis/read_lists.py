"""Which films are to be read, where scores exist and labels do not: a sample with known probabilities, in an order.

Films are stratified by their scores, and strata are sampled at random without replacement, in proportion to the
standard deviation that their films are expected to add to the wanted numbers (Neyman, Journal of the Royal Statistical
Society 1934; Isaki and Fuller, Journal of the American Statistical Association 1982), mixed with equal shares so that
no number is expected to need more films than a simple random sample does (Hesterberg, Technometrics 1995). The first
films of the list are again such a sample, however many, so that a list that is half read can be analysed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from crossray.analysis.expected import Binormal
from crossray.analysis.intervals import ALIKE
from crossray.study.film_plan import AUC, PRECISION, PREVALENCE, SENSITIVITY, SPECIFICITY

#: strata of a list, about; each is read twice before any is read a third time, as a variance needs two
STRATA, FIRST = 20, 2
#: parts of a list that are read whatever models make of the films; the one is taken that costs no number films
EQUAL_PARTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
#: films of a simple random sample that one of a list has to be worth, with room for what hospitals of few films differ
_LEAST = 1.03
#: how far from chance a model is that is worse than expected, of how far it is expected to be
_WORSE = 0.75
#: points of a distribution of scores
_POINTS = 4001


@dataclass(frozen=True)
class Scored:
    """What a model makes of the films for a finding.

    Attributes:
        task: the finding.
        scores: larger is more positive, NaN where there is none, shape (films,).
        limit: score from which on a film is called positive, NaN where that is not known.
        expected: what is expected of the model.
    """

    task: str
    scores: NDArray[np.float64]
    limit: float
    expected: Binormal

    @cached_property
    def given(self) -> NDArray[np.bool_]:
        """Which films have a score."""
        return ~np.isnan(self.scores)

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """Scores as those of :class:`Binormal`, by their ranks, so that any scale will do; NaN where there is none."""
        shares = (scipy.stats.rankdata(self.scores[self.given]) - 0.5) / max(int(self.given.sum()), 1)
        own, distance = self.expected.prevalence, self.expected.distance
        grid = np.linspace(-6, 6 + distance, _POINTS)
        found = np.full(len(self.scores), np.nan)
        found[self.given] = np.interp(shares, (1 - own) * ndtr(grid) + own * ndtr(grid - distance), grid)
        return found

    @property
    def logits(self) -> NDArray[np.float64]:
        """Expected log-odds of the finding; those of the prevalence where there is no score."""
        middle = math.log(self.expected.prevalence / (1 - self.expected.prevalence))
        return np.where(self.given, self.expected.logits(np.nan_to_num(self.places)), middle)

    def errors(self, probabilities: NDArray) -> dict[str, tuple[NDArray, NDArray]]:
        """Return what each film adds to the error of each number, a mean over films: with the finding, and without it.

        Args:
            probabilities: of the finding, shape (films,).
        """
        given = self.given.astype(np.float64)
        share, rest, none = probabilities * given, (1 - probabilities) * given, np.zeros(len(given))
        ill, well = share.sum(), rest.sum()
        places = np.nan_to_num(self.places)
        beats, beaten = ndtr(places), ndtr(self.expected.distance - places)
        area = (share * beats).sum() / ill, (rest * beaten).sum() / well
        found = {
            AUC: (given * (beats - area[0]) / ill, given * (beaten - area[1]) / well),
            PREVALENCE: (given * well / given.sum() ** 2, -given * ill / given.sum() ** 2),
        }
        called = given * (self.scores >= self.limit)
        if 0 < called.sum() < given.sum():
            sensitivity, kept = (share * called).sum() / ill, (rest * (1 - called)).sum() / well
            precision = (share * called).sum() / called.sum()
            found[SENSITIVITY] = given * (called - sensitivity) / ill, none
            found[SPECIFICITY] = none, given * (1 - called - kept) / well
            found[PRECISION] = called * (1 - precision) / called.sum(), -called * precision / called.sum()
        return found


@dataclass(frozen=True)
class ReadList:
    """An order of all units, which are films or whole patients.

    Attributes:
        order: numbers of the units, first to read first.
        strata: stratum of each unit, shape (units,).
        gains: (task, model's place, measure) -> expected films of a simple random sample over those of the list.
        equal_part: the part of the list that is read whatever models make of the films.
    """

    order: NDArray[np.int64]
    strata: NDArray[np.int64]
    gains: Mapping[tuple[str, int, str], float]
    equal_part: float

    def probabilities(self, units: int) -> NDArray[np.float64]:
        """Return with which probability each unit is among the first so many, shape (units,)."""
        whole = np.bincount(self.strata)
        return (np.bincount(self.strata[self.order[:units]], minlength=len(whole)) / whole)[self.strata]


#: sums of what units add to the error of a number: (task, place of the model, measure) -> means and variances of units
Moments = Mapping[tuple[str, int, str], tuple[NDArray[np.float64], NDArray[np.float64]]]


def make(
    scored: Sequence[Scored], units: NDArray[np.int64], wanted: Sequence[str], seed: int,
    equal_parts: Sequence[float] = EQUAL_PARTS,
) -> ReadList:  # fmt: skip
    """Put films into an order of reading.

    Args:
        scored: what each model makes of the films for each finding.
        units: number of the unit of each film, from 0: of the film itself, or of its patient, shape (films,).
        wanted: measures that the list is for, where models have them.
        seed: of the random order within strata.
        equal_parts: those to choose from; the last one is taken where none holds what it promises.
    """
    films = np.bincount(units)
    hoped = _moments(scored, units)
    worse = _moments([replace(one, expected=_weaker(one.expected)) for one in scored], units)
    asked = [key for key in hoped if key[2] in wanted] or list(hoped)
    variances = [hoped[key][1] / (hoped[key][0] ** 2 + hoped[key][1]).sum() for key in asked]
    deviation = np.sqrt(np.mean(variances, axis=0) / films)
    calls, evidence = _calls(scored, units), _evidence(scored, units)
    best: tuple[float, ReadList] | None = None
    for part in equal_parts:
        sizes = (1 - part) * deviation / deviation.mean() + part
        strata = _strata(sizes, calls, evidence)
        gains = {key: _gain(moments, strata, sizes, films) for key, moments in hoped.items()}
        holds = min(gains.values()) >= _LEAST and all(_gain(worse[key], strata, sizes, films) >= 1 for key in asked)
        needed = sum(1 / gains[key] for key in asked)
        if (holds and (best is None or needed < best[0])) or (best is None and part == equal_parts[-1]):
            best = needed, ReadList(_ordered(strata, sizes, seed), strata, gains, part)
    assert best is not None
    return best[1]


def _weaker(expected: Binormal) -> Binormal:
    return Binormal(expected.prevalence, 0.5 + _WORSE * (expected.auc - 0.5))


def _moments(scored: Sequence[Scored], units: NDArray[np.int64]) -> Moments:
    """Return what units are expected to add to the error of each number; films of one unit are alike."""
    logits = {
        task: np.mean([one.logits for one in scored if one.task == task], axis=0) for task in {s.task for s in scored}
    }
    inflation = 1 + ALIKE * (np.bincount(units) - 1)
    found = {}
    for place, one in enumerate(scored):
        probabilities = expit(logits[one.task])
        for measure, (ill, well) in one.errors(probabilities).items():
            mean = probabilities * ill + (1 - probabilities) * well
            variance = probabilities * (1 - probabilities) * (ill - well) ** 2
            sums = np.bincount(units, variance).astype(np.float64)
            found[one.task, place, measure] = np.bincount(units, mean).astype(np.float64), inflation * sums
    return found


def _calls(scored: Sequence[Scored], units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many pairs of a model and a finding call a film of each unit positive."""
    called = np.zeros(units.max() + 1, np.int64)
    for one in scored:
        called += np.bincount(units, one.scores >= one.limit) > 0
    return called


def _evidence(scored: Sequence[Scored], units: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the largest mean log-odds of a unit's films."""
    found = np.full(units.max() + 1, -np.inf)
    np.maximum.at(found, units, np.mean([one.logits for one in scored], axis=0))
    return found


def _strata(sizes: NDArray, calls: NDArray, evidence: NDArray) -> NDArray[np.int64]:
    """Part units by calls, and within these by evidence, into strata that are read about equally often.

    Args:
        sizes: how often each unit is read, in proportion.
        calls: those of a larger number are apart, but for few.
        evidence: its order is kept.
    """
    order = np.lexsort((evidence, calls))
    each = sizes.sum() / STRATA
    strata, last = np.empty(len(sizes), np.int64), -1
    for group in _groups(calls[order], sizes[order], each):
        rows = order[group]
        whole = np.cumsum(sizes[rows])
        parts = max(round(whole[-1] / each), 1)
        places = np.minimum((whole - sizes[rows] / 2) / whole[-1] * parts, parts - 1).astype(np.int64)
        strata[rows] = last + 1 + np.unique(places, return_inverse=True)[1]
        last = int(strata[rows].max())
    return strata


def _groups(calls: NDArray, sizes: NDArray, least: float) -> list[slice]:
    """Return runs of equal numbers of calls; one that is small goes with those before it, or after."""
    ends = [0, *(np.flatnonzero(np.diff(calls)) + 1), len(calls)]
    kept = [0]
    for end in ends[1:-1]:
        if sizes[kept[-1] : end].sum() >= least and sizes[end:].sum() >= least:
            kept.append(int(end))
    return [slice(first, last) for first, last in zip(kept, [*kept[1:], len(calls)], strict=True)]


def _gain(moments: tuple[NDArray, NDArray], strata: NDArray, sizes: NDArray, films: NDArray) -> float:
    """Return how many films of a simple random sample of units say as much as one of the list."""
    mean, variance = moments
    units, often = np.bincount(strata), np.bincount(strata, sizes)
    centre = np.bincount(strata, mean) / units
    within = np.bincount(strata, variance + (mean - centre[strata]) ** 2)
    ours = often.sum() * (units * within / often).sum() * (sizes * films).sum() / sizes.sum()
    plain = len(mean) * (variance + (mean - mean.mean()) ** 2).sum() * films.mean()
    return float(plain / ours) if ours else 1.0


def _ordered(strata: NDArray, sizes: NDArray, seed: int) -> NDArray[np.int64]:
    """Return the units, strata taking turns in proportion to their sizes."""
    shuffled = np.random.default_rng(seed).permutation(len(strata))
    by_stratum = shuffled[np.argsort(strata[shuffled], kind="stable")]
    starts = np.r_[0, np.cumsum(np.bincount(strata))[:-1]]
    own = strata[by_stratum]
    turn = np.arange(len(strata)) - starts[own]
    due = (turn + 0.5) / np.bincount(strata, sizes)[own]
    return by_stratum[np.lexsort((own, due, np.maximum(turn - FIRST + 1, 0) > 0))]
