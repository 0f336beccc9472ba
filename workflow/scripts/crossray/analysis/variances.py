"""Variance components of a mean over pairs of hospitals: patients, trainings, hospitals.

The mean is for these hospitals; its interval for a sample of hospitals leaves each of them out in turn (the jackknife;
Arvesen, Annals of Mathematical Statistics 1969), as a hospital is behind several pairs.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.special

from crossray.analysis.trainings import variance
from crossray.analysis.transfer import Measured, Pair, able_pairs, pairs_of
from crossray.analysis.values import Value, mean_of
from crossray.tables import of_rows, reported
from crossray.tables.transfer import Variances

QUANTITIES = ("home_auc", "away_auc", "drop")

#: hospitals that say what others would be like
_FEWEST = 3
_NORMAL = float(scipy.special.ndtri(0.975))


def measure(performance: pd.DataFrame, replicates: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Part the variance of the means of ``summary.csv``.

    Args:
        performance: ``performance.csv``.
        replicates: the table beside it.
        comparisons: ``comparisons.csv``.

    Returns:
        A table of :class:`Variances`: one row for each mean over pairs that ``summary.csv`` has.
    """
    measured = Measured.of(performance, replicates, comparisons)
    shown = reported(performance)
    trainings = int(shown["trainings"].max()) if len(shown) else 0
    rows: list[dict[str, Any]] = []
    for (model, scope), chosen in pairs_of(shown).items():
        tasks = list(shown["task"].unique())
        able = able_pairs(measured, model, chosen, tasks)
        for quantity in QUANTITIES if able else ():
            row = {"model": model, "source": scope, "quantity": quantity, "trainings": trainings}
            row |= _parts({pair: _of(quantity, *ends) for pair, ends in able.items()})
            limits = measured.tested(model, list(able), tasks) if quantity == "drop" else None
            rows.append(row | dict(zip(("low", "high"), limits or (), strict=False)))
    return of_rows(rows, Variances)


def _of(quantity: str, home: Value, away: Value) -> Value:
    return {"home_auc": home, "away_auc": away}.get(quantity) or home - away


def _parts(pairs: Mapping[Pair, Value]) -> dict[str, Any]:
    """Return the mean over pairs and what makes it vary."""
    mean = mean_of(list(pairs.values()))
    low, high = mean.interval
    narrow, wide = mean.patients.interval
    moved, freedom = variance(mean.trainings)
    row: dict[str, Any] = {"pairs": len(pairs), "value": mean.value, "low": low, "high": high}
    row |= {"patients_sd": (wide - narrow) / (2 * _NORMAL), "sites_sd": _between(list(pairs.values()))}
    if mean.trainings:
        row |= {"trainings_sd": moved**0.5, "trainings_freedom": freedom if moved else np.nan}
    return row | _other_hospitals(pairs, mean)


def _between(pairs: Sequence[Value]) -> float:
    """Return the standard deviation between pairs beyond that of their errors; NaN for one."""
    if len(pairs) < 2:
        return float("nan")
    errors = [((high - low) / (2 * _NORMAL)) ** 2 for low, high in (pair.interval for pair in pairs)]
    whole = float(np.var([pair.value for pair in pairs], ddof=1))
    return math.sqrt(max(whole - float(np.mean(errors)), 0.0))


def _other_hospitals(pairs: Mapping[Pair, Value], mean: Value) -> dict[str, Any]:
    """Return how many hospitals may be others, and the interval of the mean if they are a sample."""
    sources, targets = ({pair[end] for pair in pairs} for end in (0, 1))
    units = sorted(sources | targets if len(sources) > 1 else targets)
    rest = [[value.value for pair, value in pairs.items() if unit not in pair] for unit in units]
    row: dict[str, Any] = {"hospitals": len(units)}
    if len(units) < _FEWEST or not all(rest):
        return row
    means = np.array([np.mean(values) for values in rest])
    error = float(np.sqrt((len(units) - 1) * np.var(means)))
    reach = float(scipy.special.stdtrit(len(units) - 1, 0.975)) * error
    return row | {
        "sample_low": max(mean.value - reach, mean.patients.least),
        "sample_high": min(mean.value + reach, 1.0),
    }
