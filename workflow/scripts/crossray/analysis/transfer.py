"""How large is the drop from internal to external tests, over the tasks that both can be measured on?

No drop is reported for a model that is not better than chance internally, by the interval of its AUC: its pairs are
marked, and means of drops leave them out. The drop of one pair has the limits of its test (``comparisons.csv``), so
that both say the same; means over pairs recover theirs from those of the AUCs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crossray import reasons
from crossray.analysis.performance import CellKey, values_of
from crossray.analysis.values import Value, mean_of
from crossray.tables import HOME_AND_AWAY, MEAN_OF_TASKS, of_rows, reported
from crossray.tables.transfer import Summary, Tasks, Transfer

#: source and target
Pair = tuple[str, str]
#: the name of the mean over all sources
ALL_SOURCES = "all sources"

#: thirds of the tasks by their mean AUC, as Cohen et al. (2020) named them
GROUPS = ("good", "medium", "variable")
CHANCE = 0.5


@dataclass(frozen=True)
class Measured:
    """What tables say of a study.

    Attributes:
        aucs: of cells.
        drops: model, source, target and task, or the name of the mean of tasks -> how many tasks were tested for a
            drop, and its limits.
    """

    aucs: Mapping[CellKey, Value]
    drops: Mapping[CellKey, tuple[int, float, float]]

    @classmethod
    def of(cls, performance: pd.DataFrame, replicates: pd.DataFrame, comparisons: pd.DataFrame) -> "Measured":
        """Take what is measured from ``performance.csv``, its replicates and ``comparisons.csv``."""
        tested = comparisons[comparisons["kind"] == HOME_AND_AWAY]
        drops = {
            (row.model, row.source, row.target, row.task): (row.tasks, row.difference_low, row.difference_high)
            for row in tested.itertuples()
        }
        return cls(values_of(performance, replicates), drops)

    def shared(self, model: str, source: str, target: str, tasks: Sequence[str]) -> list[str]:
        """Return the tasks that can be measured both at the source and at the target."""
        places = source, target
        return [task for task in tasks if all((model, source, place, task) in self.aucs for place in places)]

    def tested(self, model: str, pairs: Sequence[Pair], tasks: Sequence[str]) -> tuple[float, float] | None:
        """Return the limits of the drop of one pair as it was tested; None for several, whose mean has its own."""
        if len(pairs) != 1:
            return None
        shared = self.shared(model, *pairs[0], tasks)
        name = tasks[0] if len(tasks) == 1 else MEAN_OF_TASKS
        several, *limits = self.drops.get((model, *pairs[0], name), (0, np.nan, np.nan))
        return (limits[0], limits[1]) if several == len(shared) else None


def measure(
    performance: pd.DataFrame, replicates: pd.DataFrame, comparisons: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Average over tasks and compare with home.

    Args:
        performance: ``performance.csv``.
        replicates: the bootstrap replicates behind it.
        comparisons: ``comparisons.csv``.

    Returns:
        ``transfer.csv``, one row a model x source x target: ``tasks`` behind ``auc`` (macro mean with interval), the
        same mean at home over the ``shared_tasks`` (``home_auc``) and there (``away_auc``), and ``drop`` = home -
        away, and whether the model is not better than chance internally on these tasks (``home_at_chance``); ``reason``
        where no task can be measured. And ``summary.csv``, one row a model and source, and one a model over all
        sources: the means over its ``pairs`` of home, away and drop, those at chance left out and counted
        (``pairs_at_chance``). And ``tasks.csv``, one row a model and task, best first: mean and standard deviation over
        all its cells, and the same means over the pairs that have it at home and away.
    """
    measured = Measured.of(performance, replicates, comparisons)
    shown = reported(performance)
    pairs = shown[["model", "source", "target"]].drop_duplicates()
    tasks = list(shown["task"].unique())
    rows = [_pair(measured, shown, row.model, row.source, row.target, tasks) for row in pairs.itertuples()]
    return (
        of_rows(rows, Transfer),
        _summary(measured, pairs, tasks),
        _tasks(measured, pairs, tasks),
    )


def _pair(
    measured: Measured, shown: pd.DataFrame, model: str, source: str, target: str, tasks: Sequence[str]
) -> dict:  # fmt: skip
    values = measured.aucs
    here = [task for task in tasks if (model, source, target, task) in values]
    row: dict = {"model": model, "source": source, "target": target, "tasks": len(here)}
    if not here:
        codes = shown[(shown["model"] == model) & (shown["source"] == source) & (shown["target"] == target)]["reason"]
        return row | {"shared_tasks": 0, "reason": _commonest(codes)}
    mean = mean_of([values[model, source, target, task] for task in here])
    row |= mean.with_interval("auc") | {"reason": None}
    shared = measured.shared(model, source, target, tasks)
    row["shared_tasks"] = len(shared)
    if source == target or not shared:
        return row
    home, away = _home_and_away(values, model, source, target, shared)
    limits = measured.tested(model, [(source, target)], tasks)
    return row | _compared(home, away, limits) | {"home_at_chance": not _beats_chance(home)}


def _beats_chance(mean: Value) -> bool:
    """Return whether the interval of a mean AUC lies above that of guessing."""
    return mean.interval[0] > CHANCE


def _commonest(codes: pd.Series) -> str:
    """Return the reason for a pair none of whose tasks can be measured: the one nearest to a number.

    Tasks that have a number, which a site's counts gave, are in no mean.
    """
    return next((code for code in reversed(reasons.REASONS) if (codes == code).any()), reasons.STAYS_AT_SITE)


def _home_and_away(
    values: Mapping[CellKey, Value], model: str, source: str, target: str, shared: Sequence[str]
) -> tuple[Value, Value]:
    """Return the mean over the shared tasks at the source and at the target."""
    home = mean_of([values[model, source, source, task] for task in shared])
    return home, mean_of([values[model, source, target, task] for task in shared])


def _compared(home: Value, away: Value, limits: tuple[float, float] | None) -> dict[str, float]:
    """Return internal AUC, external AUC and drop, with intervals; that of the drop may be known already."""
    drop = (home - away).with_interval("drop")
    if limits:
        drop |= dict(zip(("drop_low", "drop_high"), limits, strict=True))
    return home.with_interval("home_auc") | away.with_interval("away_auc") | drop


def _summary(measured: Measured, pairs: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Average pairs, first of each source, then of all; every pair weighs the same."""
    rows = []
    for (model, scope), chosen in pairs_of(pairs).items():
        row = {"model": model, "source": scope, "possible_pairs": len(chosen)}
        rows.append(row | _mean_of_pairs(measured, model, chosen, tasks))
    return of_rows(rows, Summary)


def pairs_of(table: pd.DataFrame) -> dict[tuple[str, str], list[Pair]]:
    """Return the pairs of each model and source, and of all its sources.

    Sources that pool data sets have no home of their own and are left out.

    Args:
        table: with the columns model, source and target.
    """
    found: dict[tuple[str, str], list[Pair]] = {}
    homes = set(table["target"])
    for model, part in table.groupby("model", sort=False):
        every = dict.fromkeys(part[["source", "target"]].itertuples(index=False, name=None))
        pairs = [pair for pair in every if pair[0] != pair[1] and pair[0] in homes]
        for source in dict.fromkeys(source for source, _ in pairs):
            found[model, source] = [pair for pair in pairs if pair[0] == source]
        found[model, ALL_SOURCES] = pairs
    return found


def able_pairs(
    measured: Measured, model: str, pairs: Sequence[Pair], tasks: Sequence[str]
) -> dict[Pair, tuple[Value, Value]]:
    """Return the internal and external means of the pairs that share tasks and are not at chance internally."""
    return _able(_ends(measured, model, pairs, tasks))


def _able(ends: Mapping[Pair, tuple[Value, Value]]) -> dict[Pair, tuple[Value, Value]]:
    return {pair: (home, away) for pair, (home, away) in ends.items() if _beats_chance(home)}


def _ends(
    measured: Measured, model: str, pairs: Sequence[Pair], tasks: Sequence[str]
) -> dict[Pair, tuple[Value, Value]]:
    """Return the internal and external means of the pairs that share tasks."""
    return {
        pair: _home_and_away(measured.aucs, model, *pair, shared)
        for pair in pairs
        if (shared := measured.shared(model, *pair, tasks))
    }


def _mean_of_pairs(measured: Measured, model: str, pairs: Sequence[Pair], tasks: Sequence[str]) -> dict[str, float]:
    """Average home and away over the pairs that have something to lose, and compare; without one only the counts."""
    sharing = _ends(measured, model, pairs, tasks)
    able = _able(sharing)
    row: dict[str, float] = {"pairs": len(able), "pairs_at_chance": len(sharing) - len(able)}
    if not able:
        return row
    home, away = (mean_of(part) for part in zip(*able.values(), strict=True))
    return row | _compared(home, away, measured.tested(model, list(able), tasks))


def _tasks(measured: Measured, pairs: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Average each task over cells, best first, and compare home with away."""
    values, tables = measured.aucs, []
    for model in pairs["model"].unique():
        rows = []
        elsewhere = pairs[(pairs["model"] == model) & (pairs["source"] != pairs["target"])]
        between = list(elsewhere[["source", "target"]].itertuples(index=False, name=None))
        for task in tasks:
            keys = [key for key in values if key[0] == model and key[3] == task]
            row: dict = {"model": model, "task": task, "cells": len(keys)}
            if keys:
                row |= mean_of([values[key] for key in keys]).with_interval("mean_auc")
                row["sd"] = float(np.std([values[key].value for key in keys]))
            rows.append(row | _mean_of_pairs(measured, model, between, [task]))
        table = of_rows(rows, Tasks).sort_values("mean_auc", ascending=False, kind="stable")
        tables.append(table.assign(group=_groups(table)))
    return pd.concat(tables, ignore_index=True)


def _groups(table: pd.DataFrame) -> list[str | None]:
    """Name the thirds of a model's tasks, best first; the outer ones only where the interval does not say otherwise.

    A good task's interval lies above the mean of all tasks and above chance, a variable one's below the mean.
    """
    known = int(table["mean_auc"].notna().sum())
    if known < len(GROUPS):
        return [None] * len(table)
    middle = table["mean_auc"].mean()
    good, medium, variable = GROUPS
    names: list[str | None] = []
    for place, row in enumerate(table.itertuples()):
        third = GROUPS[place * len(GROUPS) // known] if place < known else None
        unsure = (third == good and row.mean_auc_low <= max(middle, CHANCE)) or (
            third == variable and row.mean_auc_high >= middle
        )
        names.append(medium if unsure else third)
    return names
