"""The verdict on a cell, by a fixed sequence of questions, and ``cannot tell`` if it is not identifiable.

All thresholds are in :data:`LIMITS`; ``docs/shift.md`` describes how they were set and tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from crossray.analysis.shift.case_mix import DIFFERENT
from crossray.analysis.shift.cell import Explained, Terms
from crossray.analysis.shift.prevalence import WEAK
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS

NO_SHIFT, NOT_FOUND, NO_HARM, CANNOT_TELL = "no shift", "no shift found", "no harm", "cannot tell"
#: one labelling cannot separate these, whatever its size
COMPOUND = "labels or unseen images"
#: what an abstention is about, beside what prevalence leaves open (``prevalence.py``); ``decides.py`` has what decides
OVERLAP, ONE_CLASS, UNCONFIRMED, TIE, SEVERITY, SCORES, REPRESENTATION, READING = (
    "overlap", "one class", "unconfirmed", "tie", "severity", "scores", "representation", "reading"
)  # fmt: skip
_FEWEST_DRAWS = 20
#: p value up to which a part of what labels and unseen images cost together is there
_CLEAR = 0.01
#: what a verdict can be: a cause, or one of these
VERDICTS = (*CAUSES, COMPOUND, NO_HARM, NO_SHIFT, NOT_FOUND, CANNOT_TELL)
#: cause -> what a person calls it
CAUSE_WORDS = {"prevalence": "prevalence", "case_mix": "case mix", "image": "images", "concept": COMPOUND}


@dataclass(frozen=True)
class Limits:
    """Thresholds of the verdict.

    Attributes:
        false_discovery: share of false claims of presence, over pairs and tasks (Benjamini and Hochberg 1995).
        overlap: effective share of images in the shared distribution, below which nothing is said.
        told_apart: AUC of the domain classifier from which on images differ.
        harm: metric -> size of a term from which on it is harm.
        nothing: metric -> size below which all terms must surely lie for ``no shift``.
        wins: share of draws in which a cause must be the largest.
        clearly: factor by which two ways of counting must agree on a cause.
    """

    false_discovery: float = 0.05
    overlap: float = 0.20
    told_apart: float = 0.53
    harm: Mapping[str, float] = field(default_factory=lambda: {LOG_LOSS: 0.01, AUC: 0.005})
    nothing: Mapping[str, float] = field(default_factory=lambda: {LOG_LOSS: 0.06, AUC: 0.02})
    wins: float = 0.8
    clearly: float = 1.5


LIMITS = Limits()


@dataclass(frozen=True)
class Verdict:
    """A verdict by one metric.

    Attributes:
        verdict: one of :data:`VERDICTS`.
        why: its grounds, in a few words.
        about: what an abstention is about; empty where nothing is open.
        causes: those between which it is open, the largest term first.
    """

    verdict: str
    why: str
    about: str = ""
    causes: tuple[str, ...] = ()


def present(explained: Explained, adjusted: Mapping[str, float], limits: Limits = LIMITS) -> dict[str, bool]:
    """Return which shifts are there at all, harmful or not.

    Args:
        explained: the cell.
        adjusted: cause -> p value, adjusted for the number of cells.
        limits: thresholds.
    """
    overlap = next(iter(explained.overlaps.values()))
    clear = {cause: adjusted[cause] <= limits.false_discovery for cause in CAUSES}
    return {
        "prevalence": bool(explained.step.offsets[0] != 0 and clear["prevalence"]),
        "case_mix": clear["case_mix"],
        "image": bool(overlap.auc > limits.told_apart and clear["image"]),
        "concept": clear["concept"],
    }


def judge(
    explained: Explained,
    flags: Mapping[str, bool],
    floor: Mapping[str, float],
    metric: str,
    limits: Limits = LIMITS,
) -> Verdict:
    """Judge a cell by one metric.

    Args:
        explained: the cell.
        flags: which shifts are there.
        floor: cause -> size of its term where nothing differs.
        metric: ``log-loss`` or ``AUC``.
        limits: thresholds.
    """
    overlap = next(iter(explained.overlaps.values()))
    if overlap.effective < limits.overlap:
        return Verdict(CANNOT_TELL, "overlap: hardly an image of one side could be the other's", OVERLAP)
    doubt = explained.step.doubt
    if doubt and explained.reread is None:
        agreed = _both_ways(explained, metric, limits) if doubt == WEAK else None
        if agreed:
            return Verdict(agreed, "whatever the prevalence", READING if agreed == COMPOUND else "")
        return Verdict(CANNOT_TELL, doubt, doubt)
    found = _measured(explained, flags, floor, metric, limits)
    # A second reading shows the effect of labels, not that of prevalence.
    return found if not doubt or found.verdict == "concept" else Verdict(CANNOT_TELL, doubt, doubt)


def _measured(
    explained: Explained, flags: Mapping[str, bool], floor: Mapping[str, float], metric: str, limits: Limits
) -> Verdict:
    """Judge a cell whose images overlap and whose prevalence is not in doubt."""
    draws = np.stack([explained.main[metric][cause] for cause in CAUSES], axis=1)
    found = _weighed(explained, draws, flags, floor, metric, limits)
    if explained.reread is None:
        return found
    apart, there = _resolved(explained, flags, metric, explained.reread.labels[metric])
    resolved = _weighed(explained, apart, there, floor, metric, limits, apart=True)
    # Labels and unseen images can cost much and hide each other, so that nothing is surely small where one is not.
    if resolved.verdict in CAUSES or found.verdict == NO_SHIFT:
        return resolved
    if found.verdict == COMPOUND:
        return replace(found, why=f"the second reading of {explained.reread.images} images is too small to tell")
    return found


def _weighed(
    explained: Explained, draws: NDArray, present_here: Mapping[str, bool], floor: Mapping[str, float], metric: str,
    limits: Limits, apart: bool = False,
) -> Verdict:  # fmt: skip
    """Judge by terms of shape (draws, causes) and what is there; ``apart``: the concept term is of labels alone."""
    draws = draws[~np.isnan(draws).any(axis=1)]  # a resample of few patients may hold one class alone
    if len(draws) < _FEWEST_DRAWS:
        return Verdict(CANNOT_TELL, "most resamples of the patients hold one class alone", ONE_CLASS)
    error = draws[1:].std(axis=0, ddof=1)
    least = np.maximum(limits.harm[metric], [floor[cause] for cause in CAUSES])
    clear = np.abs(draws[0]) > np.maximum(2 * error, least)
    flagged = np.array([present_here[cause] for cause in CAUSES])
    harmful = flagged & clear & (draws[0] > 0)
    if harmful.any():
        return _largest(explained, draws, harmful, flagged, metric, limits, apart)
    unconfirmed = [cause for cause, one in zip(CAUSES, clear & ~flagged & (draws[0] > 0), strict=True) if one]
    if unconfirmed:
        unconfirmed.sort(key=lambda cause: -draws[0, CAUSES.index(cause)])
        why = f"no test confirms what {_listed(unconfirmed)} would cost"
        return Verdict(CANNOT_TELL, why, UNCONFIRMED, tuple(unconfirmed))
    if not flagged.any():
        return _nothing_found(draws[0], error, limits.nothing[metric])
    helping = [cause for cause, one in zip(CAUSES, flagged & clear & (draws[0] < 0), strict=True) if one]
    found = "present: " + ", ".join(CAUSE_WORDS[cause] for cause in CAUSES if present_here[cause])
    return Verdict(NO_HARM, found + (f"; better with the other {_listed(helping)}" if helping else ""))


def _listed(causes: Sequence[str], joined: str = "and") -> str:
    return f" {joined} ".join(CAUSE_WORDS[cause] for cause in causes)


def _resolved(
    explained: Explained, flags: Mapping[str, bool], metric: str, labels: NDArray
) -> tuple[NDArray, Mapping[str, bool]]:
    """Return the terms of each draw, shape (draws, causes), and which are there, after a second reading.

    A second reading takes the effect of labels from the concept term; the rest is due to unseen image differences.
    """
    terms = {cause: explained.main[metric][cause] for cause in CAUSES}
    unseen = terms["concept"] - labels
    terms |= {"concept": labels, "image": terms["image"] + unseen}
    there = {**flags, "concept": _clear(labels), "image": flags["image"] or _clear(unseen)}
    return np.stack([terms[cause] for cause in CAUSES], axis=1), there


def _clear(values: NDArray) -> bool:
    """Return whether a term is surely not 0, by Student's t, as its error is that of so many draws."""
    spread = values[1:][~np.isnan(values[1:])]
    return bool(len(spread) > 1 and abs(values[0]) > t.isf(_CLEAR / 2, len(spread) - 1) * spread.std(ddof=1))


def _both_ways(explained: Explained, metric: str, limits: Limits) -> str | None:
    """Return the verdict that clearly holds with and without the recorded prevalence."""
    named = []
    for terms in ({cause: float(explained.main[metric][cause][0]) for cause in CAUSES}, explained.by_record[metric]):
        first, second = sorted(CAUSES, key=lambda cause: -abs(terms[cause]))[:2]
        if terms[first] <= max(limits.clearly * abs(terms[second]), limits.harm[metric]):
            return None
        named.append(first)
    return _told(named[0]) if named[0] == named[1] else None


def _told(cause: str) -> str:
    """Return what one labelling may say of a cause."""
    return COMPOUND if cause == "concept" else cause


def _nothing_found(values: NDArray, error: NDArray, limit: float) -> Verdict:
    """Say that nothing differs, or what could have been seen."""
    surely = float((np.abs(values) + 1.645 * error).max())
    if surely < limit:
        return Verdict(NO_SHIFT, f"every term is surely below {limit:g}")
    return Verdict(NOT_FOUND, f"weak power: a term of {2.8 * float(error.max()):.2g} would have been seen", NOT_FOUND)


def _largest(
    explained: Explained, draws: NDArray, harmful: NDArray, flagged: NDArray, metric: str, limits: Limits, apart: bool
) -> Verdict:
    """Name the largest harmful term if it wins in most draws, over what helps too, and by every representation.

    What is gained by another prevalence is no rival: it is known to be one.
    """
    rivals = np.abs(draws)
    rivals[:, 0] = np.maximum(draws[:, 0], 0)
    winners = rivals[1:].argmax(axis=1)
    shares = np.bincount(winners, minlength=len(CAUSES)) / len(winners)
    first, second = np.argsort(-shares, kind="stable")[:2]
    if not harmful[first]:
        return _no_winner(draws[0], first, harmful, bool(flagged[first]))
    if shares[first] < limits.wins:
        return _tie(CAUSES[first], CAUSES[second])
    runner = int(np.argsort(-rivals[0], kind="stable")[1])
    if rivals[0, first] < limits.clearly * rivals[0, runner]:
        return _tie(CAUSES[first], CAUSES[runner])
    if CAUSES[first] == "case_mix" and (doubt := _not_severity_alone(explained, flagged)):
        return doubt
    others = [_leading(terms, metric) for terms in list(explained.terms.values())[1:]]
    contradicting = [other for other in others if other != CAUSES[first]]
    if contradicting and not apart:
        between = CAUSES[first], contradicting[0]
        return Verdict(CANNOT_TELL, f"representation: {_listed(between, 'or')}", REPRESENTATION, between)
    why = f"largest in {shares[first]:.0%} of the draws"
    if apart or CAUSES[first] != "concept":
        return Verdict(CAUSES[first], why)
    return Verdict(COMPOUND, why, READING)


def _not_severity_alone(explained: Explained, flagged: NDArray) -> Verdict | None:
    """Abstain where something else differs, or where the scores fit another prevalence under another rule as well.

    Sicker patients under one rule differ by severity alone.
    """
    differs = dict(zip(CAUSES, flagged, strict=True))
    differs["concept"] |= explained.same_labels <= DIFFERENT
    rival = [cause for cause in ("image", "concept") if differs[cause]]
    if rival:
        return Verdict(CANNOT_TELL, f"case mix, or {_listed(rival)}: both differ", SEVERITY, ("case_mix", *rival))
    if explained.as_prevalent > DIFFERENT:
        return Verdict(CANNOT_TELL, "case mix, or another prevalence and label rule: the scores fit both", SCORES)
    return None


def _no_winner(values: NDArray, first: int, harmful: NDArray, flagged: bool) -> Verdict:
    """Say why the largest term is no verdict."""
    cause, words = CAUSES[first], CAUSE_WORDS[CAUSES[first]]
    if values[first] < 0:
        other = CAUSES[int(np.where(harmful, values, -np.inf).argmax())]
        return Verdict(CANNOT_TELL, f"what is lost is less than what the other {words} give back", TIE, (cause, other))
    why = f"the largest term, {words}, " + ("is not surely there" if flagged else "is confirmed by no test")
    return Verdict(CANNOT_TELL, why, UNCONFIRMED, (cause,))


def _tie(first: str, second: str) -> Verdict:
    return Verdict(CANNOT_TELL, f"tie: {CAUSE_WORDS[first]} or {CAUSE_WORDS[second]}", TIE, (first, second))


def _leading(terms: Terms, metric: str) -> str:
    """Return the largest term by another representation."""
    return max(CAUSES, key=lambda cause: float(abs(terms[metric][cause][0])))
