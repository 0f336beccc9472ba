"""How far can the numbers of sites that send counts be from those of their rows?

Each is measured again with the images of every bin at its ends: positives at the upper and negatives at the lower one,
the reverse, all at the lower, and all at the upper. Numbers within bounds (``WITHIN_BOUNDS`` of a contract) rise or
fall with each image's output, so that none can lie beyond these four. Limits of AUCs also hang on three digits of what
they take beside the AUC (:class:`crossray.histograms.Worth`).
"""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from crossray.analysis import calibration, counted_subgroups, performance, usefulness
from crossray.analysis.cells import Study
from crossray.histograms import EXTREMES
from crossray.study.stages.measure_bounds import MeasureBounds
from crossray.tables import of_rows
from crossray.tables.bounds import Bounds
from crossray.tables.calibration import Calibration, OperatingPoints
from crossray.tables.contract import Row
from crossray.tables.performance import Performance
from crossray.tables.subgroups import Subgroups
from crossray.tables.usefulness import DecisionCurve

#: resamples of patients that are drawn here; no interval of theirs is used
_FEW = 2
_CELL = ["model", "source", "target", "task"]


def measure(study: Study, settings: MeasureBounds) -> pd.DataFrame:
    """Measure the bounds of every number that a site's counts give.

    Returns:
        A table of :class:`Bounds`, one row per number; those that are none have no row.
    """
    models = tuple(name for name in settings.models if name in settings.external)
    few = replace(settings.evaluation, resamples=_FEW)
    told = replace(settings, targets=settings.counted, models=models, evaluation=few)
    found = {
        arrangement: _numbers(replace(study, settings=told, arrangement=arrangement), told)
        for arrangement in (study.arrangement, *EXTREMES)
    }
    value = found[study.arrangement]
    extremes = pd.concat([found[name].reindex(value.index) for name in EXTREMES], axis=1)
    every = pd.concat([extremes, value], axis=1)
    table = pd.DataFrame({"value": value, "least": every.min(axis=1), "most": every.max(axis=1)})
    return of_rows(table.dropna().reset_index().to_dict("records"), Bounds)


def _numbers(study: Study, settings: MeasureBounds) -> pd.Series:
    """Return the numbers of all tables, by the key of :class:`Bounds`."""
    parts = [part for table, contract in _tables(study, settings) for part in _long(table, contract)]
    return pd.concat(parts).set_index(list(Bounds.KEY))["number"].astype(float)


def _tables(study: Study, settings: MeasureBounds) -> Iterator[tuple[pd.DataFrame, type[Row]]]:
    """Yield the tables of which counts give numbers within bounds."""
    yield performance.measure(study)[0], Performance
    points, errors, _ = calibration.measure(study)
    yield points, OperatingPoints
    yield errors, Calibration
    yield of_rows(counted_subgroups.measure(study), Subgroups), Subgroups
    if settings.usefulness:
        yield usefulness.measure(study, settings)[0], DecisionCurve


def _long(table: pd.DataFrame, contract: type[Row]) -> Iterator[pd.DataFrame]:
    """Yield a row for each number of a column."""
    others = [name for name in contract.KEY if name not in _CELL]
    at = table[others].astype("str").fillna("").agg(", ".join, axis=1) if len(table) else pd.Series(dtype="str")
    for name in contract.WITHIN_BOUNDS:
        names = {"table": contract.NAME, "at": at, "column": name, "number": table[name]}
        yield table[_CELL].assign(**names)
