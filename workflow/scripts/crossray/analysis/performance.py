"""How well does each model do on each target, task by task, and how sure is that?"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray import reasons
from crossray.analysis.cells import Cell, Study
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.means import Mean, single
from crossray.analysis.metrics import average_precision, calibration_error, threshold_metrics
from crossray.analysis.resampling import weighted_ranking, with_interval
from crossray.analysis.thresholds import own_thresholds
from crossray.tables import of_rows, reported
from crossray.tables.performance import Performance, Replicates

#: model, source, target, task
CellKey = tuple[str, str, str, str]


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every cell of a study.

    Returns:
        Tables of :class:`Performance`, a row a cell, and of :class:`Replicates`, a row a cell that a report shows and
        that has an AUC. Cells with the same target share their resamples of patients, so differences between models
        are paired.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    replicates: list[dict[str, Any]] = []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        for cell in scored.cells(study.settings.tasks):
            key = cell.key | {"seed": cell.seed}
            measured: dict[str, Any] = {}
            if cell.has_number:
                threshold = thresholds[cell.trained].get((cell.seed, cell.task), float("nan"))
                measured, values = _cell(cell, threshold, weights)
                if cell.is_reported:
                    replicates.append(key | {"replicates": values})
            rows.append(key | cell.counts | measured)
    table = of_rows(rows, Performance).astype({"images": int, "patients": int, "positives": int, "negatives": int})
    return table, of_rows(replicates, Replicates)


def _cell(cell: Cell, threshold: float, weights: NDArray) -> tuple[dict[str, Any], NDArray]:
    """Measure one cell; only what a report shows is resampled."""
    truth, scores, here = cell.known
    scored = cell.scored
    measured = measure_auc(truth, scores, scored.patients[here], scored.patient_count)
    low, high = interval(measured)
    row: dict[str, Any] = {"auc": measured.auc, "auc_low": low, "auc_high": high}
    row["average_precision"] = average_precision(truth, scores)
    aucs = np.empty(0)
    if cell.is_reported:
        aucs, precisions = weighted_ranking(truth, scores, weights[:, here])
        row |= with_interval("average_precision", row["average_precision"], precisions)
    row["calibration_error"] = calibration_error(truth, expit(scores))
    row |= {"threshold": threshold, "threshold_reason": reasons.TOO_FEW if np.isnan(threshold) else None}
    return row | threshold_metrics(truth, scores, threshold), aucs


def values_of(performance: pd.DataFrame, replicates: pd.DataFrame) -> dict[CellKey, Mean]:
    """Return the AUC of every cell that a report shows and that has one.

    Args:
        performance: ``performance.csv``.
        replicates: the AUCs in each resample of patients, as :func:`measure` returns them.
    """
    drawn = {(row.model, row.source, row.target, row.task): row.replicates for row in reported(replicates).itertuples()}
    shown = reported(performance)
    numbers = shown[shown["auc"].notna()][["model", "source", "target", "task", "auc", "auc_low", "auc_high"]]
    return {
        tuple(key): single(auc, low, high, np.asarray(drawn[tuple(key)]))
        for *key, auc, low, high in numbers.itertuples(index=False, name=None)
    }
