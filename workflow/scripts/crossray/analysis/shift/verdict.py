"""What a cell suffers from, in a fixed order of questions, and ``cannot tell`` where nobody could.

The thresholds are those of one place, :data:`LIMITS`; ``docs/shift.md`` says on what they were set and judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.shift.cell import Explained, Terms
from crossray.analysis.shift.labelling import NOISE
from crossray.analysis.shift.prevalence import WEAK
from crossray.analysis.shift.terms import AUC, CAUSES, LOG_LOSS

NO_SHIFT, NOT_FOUND, NO_HARM, CANNOT_TELL = "no shift", "no shift found", "no harm", "cannot tell"
_FEWEST_DRAWS = 20
#: what a verdict can be: a cause, or one of these
VERDICTS = (*CAUSES, NO_HARM, NO_SHIFT, NOT_FOUND, CANNOT_TELL)


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
    """A verdict by one metric: one of :data:`VERDICTS`, and what it hangs on, in a few words."""

    verdict: str
    why: str


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
        return Verdict(CANNOT_TELL, "overlap: hardly an image of one side could be the other's")
    doubt = explained.step.doubt
    if doubt and not (doubt == WEAK and explained.rule.name == NOISE):
        # An offset along severity looks like many sicker patients read by a stricter rule; no way of counting helps.
        agreed = _both_ways(explained, metric, limits) if doubt == WEAK else None
        return Verdict(agreed, "whatever the prevalence") if agreed else Verdict(CANNOT_TELL, doubt)
    draws = np.stack([explained.main[metric][cause] for cause in CAUSES], axis=1)
    draws = draws[~np.isnan(draws).any(axis=1)]  # a resample of few patients may hold one class alone
    if len(draws) < _FEWEST_DRAWS:
        return Verdict(CANNOT_TELL, "most resamples of the patients hold one class alone")
    error = draws[1:].std(axis=0, ddof=1)
    if not any(flags.values()):
        return _nothing_found(draws[0], error, limits.nothing[metric])
    least = np.maximum(limits.harm[metric], [floor[cause] for cause in CAUSES])
    harmful = np.array([flags[cause] for cause in CAUSES]) & (np.abs(draws[0]) > np.maximum(2 * error, least))
    if not harmful.any():
        return Verdict(NO_HARM, "present: " + ", ".join(cause for cause in CAUSES if flags[cause]))
    return _largest(explained, draws, harmful, metric, limits)


def _both_ways(explained: Explained, metric: str, limits: Limits) -> str | None:
    """Return the cause that is clearly the largest whether or not the recorded prevalence is believed."""
    named = []
    for terms in ({cause: float(explained.main[metric][cause][0]) for cause in CAUSES}, explained.by_record[metric]):
        first, second = sorted(CAUSES, key=lambda cause: -abs(terms[cause]))[:2]
        if abs(terms[first]) <= max(limits.clearly * abs(terms[second]), limits.harm[metric]):
            return None
        named.append(first)
    return named[0] if named[0] == named[1] else None


def _nothing_found(values: NDArray, error: NDArray, limit: float) -> Verdict:
    """Say that nothing differs, or what could have been seen."""
    surely = float((np.abs(values) + 1.645 * error).max())
    if surely < limit:
        return Verdict(NO_SHIFT, f"every term is surely below {limit:g}")
    return Verdict(NOT_FOUND, f"weak power: a term of {2.8 * float(error.max()):.2g} would have been seen")


def _largest(explained: Explained, draws: NDArray, harmful: NDArray, metric: str, limits: Limits) -> Verdict:
    """Name the largest harmful term if it wins in most draws and by every representation."""
    winners = (np.abs(draws[1:]) * harmful).argmax(axis=1)
    shares = np.bincount(winners, minlength=len(CAUSES)) / len(winners)
    first, second = np.argsort(-shares, kind="stable")[:2]
    if shares[first] < limits.wins:
        return Verdict(CANNOT_TELL, f"tie: {CAUSES[first]} or {CAUSES[second]}")
    others = [_leading(terms, metric, harmful) for terms in list(explained.terms.values())[1:]]
    contradicting = [other for other in others if other != first]
    if contradicting:
        return Verdict(CANNOT_TELL, f"representation: {CAUSES[first]} or {CAUSES[contradicting[0]]}")
    return Verdict(CAUSES[first], f"largest in {shares[first]:.0%} of the draws")


def _leading(terms: Terms, metric: str, harmful: NDArray) -> int:
    """Return the largest term by another representation, whose image term may be too small and concept too large."""
    sizes = np.array([abs(float(terms[metric][cause][0])) for cause in CAUSES])
    considered = harmful | np.array([False, True, True]) if harmful[1:].any() else harmful
    return int((sizes * considered).argmax())
