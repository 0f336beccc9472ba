"""How well does each model do on each target, task by task, and how sure is that?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray import reasons
from crossray.analysis.cells import Scored, Study, known
from crossray.analysis.delong import contributions, delong_interval
from crossray.analysis.metrics import average_precision, calibration_error, threshold_metrics
from crossray.analysis.resampling import interval, weighted_ranking
from crossray.analysis.thresholds import own_thresholds
from crossray.statistics import auc
from crossray.tables import ENSEMBLE, reported

KEYS = ["model", "source", "target", "task", "seed"]

#: columns of ``performance.csv`` in order; shares are 0 to 1, the threshold is a logit
COLUMNS = [
    *KEYS, "images", "patients", "positives", "negatives", "reason", "auc", "auc_low", "auc_high", "interval",
    "average_precision", "average_precision_low", "average_precision_high", "calibration_error",
    "threshold", "threshold_reason", "sensitivity", "specificity", "f1", "accuracy",
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
                    if row["reason"] is None:
                        threshold = thresholds[trained].get((seed, task), float("nan"))
                        measured, values = _cell(scored, logits, task, threshold, weights, shown)
                        row |= measured
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
    """Measure one cell; only what a report shows is resampled where DeLong's interval will do."""
    truth, scores, here = known(scored.labels, logits, task)
    patients = scored.patients[here]
    value = auc(truth, scores)
    row: dict[str, Any] = {"auc": value, "average_precision": average_precision(truth, scores)}
    clustered = len(np.unique(patients)) < len(patients)
    aucs = np.empty(0)
    if shown or clustered:
        aucs, precisions = weighted_ranking(truth, scores, weights[:, here])
        row["average_precision_low"], row["average_precision_high"] = interval(precisions)
    if clustered:
        row["auc_low"], row["auc_high"] = interval(aucs)
    else:
        variance = float((contributions(truth, scores, patients, scored.patient_count) ** 2).sum())
        smaller = int(min((truth == 1).sum(), (truth == 0).sum()))
        row["auc_low"], row["auc_high"] = delong_interval(value, variance, smaller)
    row |= {"interval": "bootstrap" if clustered else "delong"}
    row["calibration_error"] = calibration_error(truth, expit(scores))
    row |= {"threshold": threshold, "threshold_reason": reasons.TOO_FEW if np.isnan(threshold) else None}
    return row | threshold_metrics(truth, scores, threshold), aucs


def cells(replicates: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str, str], NDArray]]:
    """Yield (model, source, target, task) and the replicates of each cell that a report shows."""
    for row in reported(replicates).itertuples():
        yield (row.model, row.source, row.target, row.task), np.asarray(row.replicates)
