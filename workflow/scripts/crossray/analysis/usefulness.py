"""Does acting on a model's outputs do more good than acting always, or never? And how do outputs tell images apart?"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray import reasons
from crossray.analysis import net_benefit
from crossray.analysis.cells import Cell, Study
from crossray.analysis.local_thresholds import Images, images_of
from crossray.analysis.sums import Limits, with_limits
from crossray.study.stages.measure_usefulness import MeasureUsefulness
from crossray.study.thresholds import curve_thresholds, limit_of_probability
from crossray.tables import of_rows
from crossray.tables.usefulness import DecisionCurve, ScoreDistribution

#: bins of a distribution, at most
BINS = 20

CONFIGURED, OWN = "the configuration", "test images"
BETTER, WORSE, CANNOT_TELL = "better than both", "worse than one", "cannot tell"
WITH, WITHOUT = "with the finding", "without it"


def measure(study: Study, settings: MeasureUsefulness) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every cell that a report shows.

    Returns:
        Tables of :class:`DecisionCurve` and :class:`ScoreDistribution`; a cell without a number has one row of the
        first with its reason, and none of the second.
    """
    curves: list[dict[str, Any]] = []
    distributions: list[dict[str, Any]] = []
    for scored in study.targets(counts=True):
        for cell in scored.cells(study.settings.tasks):
            if not cell.is_reported:
                continue
            names = cell.key | {name: cell.counts[name] for name in ("positives", "negatives")}
            shares = settings.prevalence.get(scored.dataset, {})
            is_known = scored.dataset in settings.consecutive or cell.task in shares
            reason = why_not(cell, is_known)
            if reason:
                curves.append(names | {"reason": reason})
            else:
                curves += [names | row for row in _curve(cell, settings.thresholds, shares.get(cell.task))]
            if cell.has_number:
                distributions += [cell.key | row for row in _distribution(cell)]
    return of_rows(curves, DecisionCurve), of_rows(distributions, ScoreDistribution)


def why_not(cell: Cell, is_known: bool) -> str | None:
    """Return why a cell has no decision curve, or None; ``is_known`` says whether its prevalence means something."""
    if not cell.has_number:
        return str(cell.counts["reason"])
    if not cell.scored.has_probability(cell.trained):
        return reasons.NO_PROBABILITY
    return None if is_known else reasons.NO_PREVALENCE


def _curve(cell: Cell, ends: tuple[float, float], prevalence: float | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each threshold."""
    here = images_of(cell.scored, cell.trained, cell.task)
    share = float(here.positive.mean()) if prevalence is None else prevalence
    facts = {"prevalence": share, "prevalence_from": OWN if prevalence is None else CONFIGURED}
    for threshold in curve_thresholds(*ends):
        yield facts | of_threshold(here, threshold, prevalence)


def of_threshold(here: Images, threshold: float, prevalence: float | None) -> dict[str, Any]:
    """Return the numbers of a curve at a threshold.

    Args:
        here: the images, their outputs as logits.
        threshold: the probability from which on somebody acts.
        prevalence: in place of the images' own.
    """
    weight = threshold / (1 - threshold)
    called = here.logits >= limit_of_probability(threshold)
    found = net_benefit.of_calls(here, called, weight, prevalence)
    over_all = net_benefit.over_calling_all(here, called, weight, prevalence)
    row: dict[str, Any] = {"threshold": threshold, "called": float(called.mean()), "finding": _finding(found, over_all)}
    parts = {"net_benefit": found, "over_all": over_all}
    parts["treat_all"] = net_benefit.of_calling_all(here, weight, prevalence)
    for name, limits in parts.items():
        row |= with_limits(name, limits)
    return row


def _finding(over_nobody: Limits, over_all: Limits) -> str:
    """Return whether calls do more good than both calling all and calling nobody, less than one, or neither is told."""
    if min(over_nobody[1], over_all[1]) > 0:
        return BETTER
    return WORSE if min(over_nobody[2], over_all[2]) < 0 else CANNOT_TELL


def _distribution(cell: Cell) -> Iterator[dict[str, Any]]:
    """Yield a row for each outcome and bin, also for those without an image."""
    truth, outputs, _ = cell.known
    is_probability = cell.scored.has_probability(cell.trained)
    edges = np.linspace(0, 1, BINS + 1) if is_probability else round_edges(outputs)
    values = expit(outputs) if is_probability else outputs
    for group, rows in ((WITH, truth == 1), (WITHOUT, truth == 0)):
        counts = np.histogram(values[rows], edges)[0]
        for number, count in enumerate(counts):
            yield {
                "scale": "probability" if is_probability else "score", "group": group, "bin": number,
                "low": edges[number], "high": edges[number + 1], "images": int(count),
                "share": float(count / rows.sum()),
            }  # fmt: skip


def round_edges(values: NDArray) -> NDArray:
    """Return edges of :data:`BINS` bins and one more at most that hold all values: multiples of 1, 2, 5, 10, ..."""
    low, high = float(values.min()), float(values.max())
    step = (high - low) / BINS or 1.0
    power = 10.0 ** math.floor(math.log10(step))
    width = next(width for width in (power, 2 * power, 5 * power, 10 * power) if width >= step)
    first = math.floor(low / width)
    return np.arange(first, max(math.ceil(high / width), first + 1) + 1) * width
