"""Which model is best? Each on internal and external tests, compared with the first on shared cells, and its cost."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crossray.analysis.performance import CellKey, values_of
from crossray.analysis.values import Value, mean_of
from crossray.files import read_json
from crossray.tables import of_rows
from crossray.tables.models import Models

HOME, ELSEWHERE = "home", "elsewhere"


def measure(
    performance: pd.DataFrame, replicates: pd.DataFrame, models: Sequence[str], members: Mapping[str, Sequence[str]],
    costs: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:  # fmt: skip
    """Average each model's internal and external cells, and compare it with the first.

    Every cell (source x target x task) weighs the same. A difference is over the cells that both models have, under the
    same resamples of patients, so it is paired.

    Args:
        performance: ``performance.csv``.
        replicates: the bootstrap replicates behind it.
        models: those to compare; the first is the yardstick.
        members: source -> its data sets, whose tests are internal.
        costs: :func:`read_costs`.

    Returns:
        A table of :class:`Models`: parameters, and operations (twice the multiply-adds) for an image.
    """
    values = values_of(performance, replicates)
    rows: list[dict[str, Any]] = []
    for model in models:
        for where in (HOME, ELSEWHERE):
            own, firsts = (_cells(values, name, where, members) for name in (model, models[0]))
            row: dict[str, Any] = {"model": model, "where": where, "cells": len(own)} | dict(costs[model])
            if own:
                row |= mean_of([values[cell] for cell in own.values()]).with_interval("auc")
            shared = [place for place in own if place in firsts]
            row["shared_cells"] = len(shared)
            if shared and model != models[0]:
                ours, theirs = (mean_of([values[cells[place]] for place in shared]) for cells in (own, firsts))
                row |= (ours - theirs).with_interval("difference")
            rows.append(row)
    return of_rows(rows, Models)


def _cells(
    values: Mapping[CellKey, Value], model: str, where: str, members: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str, str], CellKey]:
    """Return a model's internal or external cells, by source, target and task."""
    return {cell[1:]: cell for cell in values if cell[0] == model and (cell[2] in members[cell[1]]) == (where == HOME)}


def read_costs(folder: Path, models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read architecture, parameters and operations of each model from a record of its trainings.

    Args:
        folder: of the study's models, ``{model}/{source}/{seed}/training.json`` below it.
        models: their names.
    """
    records = {model: read_json(next(_records(folder / model))) for model in models}
    return {model: {"architecture": _architecture(record), **record["cost"]} for model, record in records.items()}


def _architecture(record: Mapping[str, Any]) -> str:
    """Return the name of a record's network, and whether it is a linear probe of it."""
    name: str = record["settings"]["architecture"]
    return f"{name}, linear probe" if "penalties" in record else name


def _records(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("*/*/training.json")))
