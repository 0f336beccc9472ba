"""Which differences are more than chance? Two models on the same images, and one model at home and away.

Variances by DeLong, patients as clusters, paired wherever patients are the same. p values are corrected for the number
of comparisons of their kind: Holm's for any false finding, Benjamini and Hochberg's for the share of false ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from crossray.analysis.cells import Scored, Study, known
from crossray.analysis.delong import contributions, wald_interval, z_test
from crossray.statistics import auc
from crossray.study.names import is_pooled

SAME_IMAGES, HOME_AND_AWAY = "same images", "home and away"
MEAN = "mean of tasks"

#: for ``same images``, first and second are two sources, the target's own first if it has one; for ``home and away``
#: they are home and target of one source
COLUMNS = [
    "model", "kind", "source", "target", "task", "first", "second", "tasks", "first_auc", "second_auc",
    "difference", "difference_low", "difference_high", "p", "p_holm", "p_fdr",
]  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """An AUC, and what each patient contributes to its error, by numbers that hold for the whole study."""

    auc: float
    patients: NDArray[np.int64]
    parts: NDArray[np.float64]


Cells = Mapping[tuple[str, str, str, str], Measured]


def measure(study: Study) -> pd.DataFrame:
    """Compare all pairs of sources on each target, and home with each target, task by task and over tasks.

    Returns:
        A table with :data:`COLUMNS`.
    """
    cells = dict(_cells(study))
    rows = [*_on_same_images(study, cells), *_home_and_away(study, cells)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    for of in (SAME_IMAGES, HOME_AND_AWAY):
        for means in (True, False):
            family = table[(table["kind"] == of) & ((table["task"] == MEAN) == means) & table["p"].notna()]
            for _, model in family.groupby("model"):
                for column, method in (("p_holm", "holm"), ("p_fdr", "fdr_bh")):
                    table.loc[model.index, column] = multipletests(model["p"], method=method)[1]
    return table


def _cells(study: Study) -> Iterator[tuple[tuple[str, str, str, str], Measured]]:
    """Yield (model, source, target, task) and the AUC of each cell that a report shows."""
    numbers: dict[str, int] = {}
    for scored in study.targets():
        register = study.settings.registers[scored.dataset]
        names = [f"{register}/{name}" for name in dict.fromkeys(scored.labels["patient_id"])]
        codes = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
        for trained in scored.logits:
            logits = scored.reported(trained)
            for task in study.settings.tasks:
                if scored.measurable(trained, task):
                    key = (trained.model, trained.source, scored.dataset, task)
                    yield key, _measured(scored, logits, task, codes)


def _measured(scored: Scored, logits: pd.DataFrame, task: str, codes: NDArray) -> Measured:
    truth, scores, here = known(scored.labels, logits, task)
    parts = contributions(truth, scores, scored.patients[here], scored.patient_count)
    return Measured(auc(truth, scores), codes, parts)


def _on_same_images(study: Study, cells: Cells) -> Iterator[dict[str, Any]]:
    sources = study.settings.sources
    for model in study.settings.models:
        for target in study.settings.targets:
            ordered = [s for s in sources if s == target] + [s for s in sources if s != target]
            for i, first in enumerate(ordered):
                for second in ordered[i + 1 :]:
                    keys = {"model": model, "kind": SAME_IMAGES, "source": None, "target": target}
                    ends = {"first": first, "second": second}
                    pairs = {
                        task: (cells[model, first, target, task], cells[model, second, target, task])
                        for task in study.settings.tasks
                        if (model, first, target, task) in cells and (model, second, target, task) in cells
                    }
                    yield from (keys | ends | row for row in _compared(pairs))


def _home_and_away(study: Study, cells: Cells) -> Iterator[dict[str, Any]]:
    for model in study.settings.models:
        for source in study.settings.sources:
            for target in study.settings.targets:
                if is_pooled(source) or source == target:
                    continue
                keys = {"model": model, "kind": HOME_AND_AWAY, "source": source, "target": target}
                pairs = {
                    task: (cells[model, source, source, task], cells[model, source, target, task])
                    for task in study.settings.tasks
                    if (model, source, source, task) in cells and (model, source, target, task) in cells
                }
                yield from (keys | {"first": source, "second": target} | row for row in _compared(pairs))


def _compared(pairs: Mapping[str, tuple[Measured, Measured]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each task, and one for the mean of several."""
    for task, (first, second) in pairs.items():
        yield {"task": task, "tasks": 1} | _difference(first, second)
    if pairs:
        first, second = (_mean([pair[end] for pair in pairs.values()]) for end in (0, 1))
        yield {"task": MEAN, "tasks": len(pairs)} | _difference(first, second)


def _mean(parts: list[Measured]) -> Measured:
    vectors = np.mean([part.parts for part in parts], axis=0)
    return Measured(float(np.mean([part.auc for part in parts])), parts[0].patients, vectors)


def _difference(first: Measured, second: Measured) -> dict[str, float]:
    """Test a difference; patients who are behind both count with what they contribute to it."""
    both, ours, theirs = np.intersect1d(first.patients, second.patients, assume_unique=True, return_indices=True)
    variance = float((first.parts**2).sum() + (second.parts**2).sum())
    if len(both):
        variance -= 2 * float((first.parts[ours] * second.parts[theirs]).sum())
    difference = first.auc - second.auc
    low, high = wald_interval(difference, max(variance, 0.0))
    return {
        "first_auc": first.auc, "second_auc": second.auc, "difference": difference, "difference_low": low,
        "difference_high": high, "p": z_test(difference, variance),
    }  # fmt: skip
