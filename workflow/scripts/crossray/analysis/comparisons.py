"""Which differences are significant? Two models on the same images, and one model on internal and external tests.

Two models on the same images are paired by patient; internal and external tests are compared by their own errors and
those of shared patients. Comparisons that the configuration names before the run are primary and corrected for one
another; all
others are exploratory, and corrected for the number of comparisons of their kind: Holm's for any false finding,
Benjamini and Hochberg's for the share of false ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from crossray.analysis.cells import Study
from crossray.analysis.repeated_aucs import Repeated, difference, paired_difference, pooled
from crossray.study.names import is_pooled
from crossray.study.stages.compare_models import Primary
from crossray.tables import HOME_AND_AWAY, MEAN_OF_TASKS, SAME_IMAGES, of_rows
from crossray.tables.comparisons import Comparisons

PRIMARY, EXPLORATORY = "primary", "exploratory"


@dataclass(frozen=True)
class Place:
    """The AUCs of a target: which patients it has, by numbers that hold for the whole study, and what was measured."""

    patients: NDArray[np.int64]
    measured: Repeated


Cells = Mapping[tuple[str, str, str, str], Place]


def measure(study: Study, primary: Sequence[Primary] = ()) -> pd.DataFrame:
    """Compare all pairs of sources on each target, and home with each target, task by task and over tasks.

    Args:
        study: the predictions.
        primary: the comparisons that were named before the run.

    Returns:
        A table of :class:`Comparisons`.
    """
    cells = _pooled(dict(_cells(study)))
    rows = [*_on_same_images(study, cells), *_home_and_away(study, cells)]
    table = of_rows(rows, Comparisons)
    named = pd.Series(
        [any(_is_named(row, one) for one in primary) for row in table.itertuples()], table.index, dtype=bool
    )
    table["role"] = np.where(named, PRIMARY, EXPLORATORY)
    _correct(table, table[named])
    for of in (SAME_IMAGES, HOME_AND_AWAY):
        for means in (True, False):
            family = table[~named & (table["kind"] == of) & ((table["task"] == MEAN_OF_TASKS) == means)]
            for _, model in family.groupby("model"):
                _correct(table, model)
    return table


def _correct(table: pd.DataFrame, family: pd.DataFrame) -> None:
    """Write the corrected p values of a family of comparisons."""
    tested = family[family["p"].notna()]
    for column, method in (("p_holm", "holm"), ("p_fdr", "fdr_bh")):
        if len(tested):
            table.loc[tested.index, column] = multipletests(tested["p"], method=method)[1]


def _is_named(row: Any, named: Primary) -> bool:
    """Return whether a comparison, in whichever order of its sources, is one that was named."""
    if (row.model, row.task) != (named.model, named.task or MEAN_OF_TASKS):
        return False
    if named.target is None:
        return (row.kind, row.first, row.second) == (HOME_AND_AWAY, named.first, named.second)
    same = row.kind == SAME_IMAGES and row.target == named.target
    return same and {row.first, row.second} == {named.first, named.second}


def _cells(study: Study) -> Iterator[tuple[tuple[str, str, str, str], Place]]:
    """Yield (model, source, target, task) and the AUC of each cell that a report shows."""
    numbers: dict[str, int] = {}
    for scored in study.targets():
        cohort = study.settings.cohorts[scored.dataset]
        names = [f"{cohort}/{name}" for name in dict.fromkeys(scored.labels["patient_id"])]
        codes = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
        for trained in scored.logits:
            for task in study.settings.tasks:
                if scored.measurable(trained, task):
                    key = (trained.model, trained.source, scored.dataset, task)
                    yield key, Place(codes, scored.repeated(trained, task))


def _pooled(cells: Cells) -> Cells:
    """Return the cells with what other trainings of each model would change, pooled over its targets and tasks."""
    found: dict[tuple[str, str, str, str], Place] = {}
    for model, source in dict.fromkeys(key[:2] for key in cells):
        own = {key: place for key, place in cells.items() if key[:2] == (model, source)}
        measured = pooled(f"{model}/{source}", [place.measured for place in own.values()])
        found |= {key: replace(place, measured=one) for (key, place), one in zip(own.items(), measured, strict=True)}
    return found


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
    for trained in study.trained():
        model, source = trained.model, trained.source
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


def _compared(pairs: Mapping[str, tuple[Place, Place]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each task, and one for the mean of several."""
    for task, pair in pairs.items():
        yield {"task": task, "tasks": 1} | _difference([pair])
    if pairs:
        yield {"task": MEAN_OF_TASKS, "tasks": len(pairs)} | _difference(list(pairs.values()))


def _difference(pairs: Sequence[tuple[Place, Place]]) -> dict[str, float]:
    """Compare the means of two ends: pair by pair where their patients are the same."""
    first, second = ([pair[end] for pair in pairs] for end in (0, 1))
    if np.array_equal(first[0].patients, second[0].patients):
        ours, theirs = ([place.measured for place in places] for places in (first, second))
        found = paired_difference(ours, theirs)
    else:
        everybody = np.union1d(first[0].patients, second[0].patients)
        ours, theirs = ([_among(place, everybody) for place in places] for places in (first, second))
        found = difference(ours, theirs)
    means = {
        f"{name}_auc": float(np.mean([one.measured.auc for one in several]))
        for name, several in (("first", ours), ("second", theirs))
    }
    return means | {
        "difference": found.value, "difference_low": found.low, "difference_high": found.high, "p": found.p,
    }  # fmt: skip


def _among(place: Place, everybody: NDArray) -> Repeated:
    """Return what was measured with a part for each of more patients, in their order."""
    parts = np.zeros(len(everybody))
    measured = place.measured.measured
    parts[np.searchsorted(everybody, place.patients)] = measured.parts
    return replace(place.measured, measured=replace(measured, parts=parts))
