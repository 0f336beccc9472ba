"""How well does each model do on each target, task by task, and how sure is that?"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray import reasons
from crossray.analysis.cells import Scored, Study, Trained, known
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.means import Mean, single
from crossray.analysis.metrics import average_precision, calibration_error, threshold_metrics
from crossray.analysis.resampling import weighted_ranking, with_interval
from crossray.analysis.thresholds import own_thresholds
from crossray.tables import ENSEMBLE, reported

KEYS = ["model", "source", "target", "task", "seed"]
#: model, source, target, task
Cell = tuple[str, str, str, str]

#: columns of ``performance.csv`` in order; shares are 0 to 1, the threshold is a logit
COLUMNS = [
    *KEYS, "images", "patients", "positives", "negatives", "reason", "auc", "auc_low", "auc_high",
    "average_precision", "average_precision_low", "average_precision_high", "calibration_error",
    "threshold", "threshold_reason", "sensitivity", "specificity", "f1", "accuracy", "calibration_reason", "caveat",
]  # fmt: skip


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every cell of a study.

    Returns:
        One row a cell with :data:`COLUMNS`; and for each cell that a report shows and that has an AUC its key and
        ``replicates``, an array of shape (resamples,). Cells with the same target share their resamples of patients,
        so differences between models are paired.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    replicates: list[dict[str, Any]] = []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        for trained, seeds in scored.logits.items():
            for seed, logits in seeds.items():
                shown = seed == ENSEMBLE or len(seeds) == 1
                for task in study.settings.tasks:
                    key = dict(zip(KEYS, (trained.model, trained.source, scored.dataset, task, seed), strict=True))
                    row = scored.count(trained, seed, task)
                    threshold = thresholds[trained].get((seed, task), float("nan"))
                    if (
                        row["reason"] == reasons.NO_PROBABILITY
                    ):  # yes and no rank nothing, and are called rightly or not
                        row |= _called(scored, logits, task, 1.0) | _what_is_not_known(study, scored, trained, 1.0)
                    elif row["reason"] is None:
                        measured, values = _cell(scored, logits, task, threshold, weights, shown)
                        row |= measured | _what_is_not_known(study, scored, trained, threshold)
                        if shown:
                            replicates.append(key | {"replicates": values})
                    rows.append(key | row)
    table = pd.DataFrame(rows, columns=COLUMNS).astype(
        {"images": int, "patients": int, "positives": int, "negatives": int}
    )
    return table, pd.DataFrame(replicates, columns=[*KEYS, "replicates"])


def _cell(
    scored: Scored, logits: pd.DataFrame, task: str, threshold: float, weights: NDArray, shown: bool
) -> tuple[dict[str, Any], NDArray]:
    """Measure one cell; only what a report shows is resampled."""
    truth, scores, here = known(scored.labels, logits, task)
    measured = measure_auc(truth, scores, scored.patients[here], scored.patient_count)
    low, high = interval(measured)
    row: dict[str, Any] = {"auc": measured.auc, "auc_low": low, "auc_high": high}
    row["average_precision"] = average_precision(truth, scores)
    aucs = np.empty(0)
    if shown:
        aucs, precisions = weighted_ranking(truth, scores, weights[:, here])
        row |= with_interval("average_precision", row["average_precision"], precisions)
    row["calibration_error"] = calibration_error(truth, expit(scores))
    return row | _called(scored, logits, task, threshold), aucs


def _called(scored: Scored, logits: pd.DataFrame, task: str, threshold: float) -> dict[str, Any]:
    """Measure what a threshold calls."""
    truth, scores, _ = known(scored.labels, logits, task)
    row = {"threshold": threshold, "threshold_reason": reasons.TOO_FEW if np.isnan(threshold) else None}
    return row | threshold_metrics(truth, scores, threshold)


def _what_is_not_known(study: Study, scored: Scored, trained: Trained, threshold: float) -> dict[str, Any]:
    """Return what cannot be said of a model that was trained elsewhere, and why; nothing of others."""
    row: dict[str, Any] = {}
    external = study.settings.external.get(trained.model)
    if external and np.isnan(threshold) and not external.chosen_on:
        row["threshold_reason"] = reasons.NOT_GIVEN
    if not scored.has_probability(trained):
        row |= {"calibration_error": float("nan"), "calibration_reason": reasons.NO_PROBABILITY}
    if external and not external.is_known:
        row["caveat"] = reasons.UNKNOWN_TRAINING_DATA
    return row


def values_of(performance: pd.DataFrame, replicates: pd.DataFrame) -> dict[Cell, Mean]:
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
