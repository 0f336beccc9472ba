"""How well does each model do on each target, task by task, and how sure is that?"""

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.cells import Study, Trained, check_rows
from crossray.seeds import derived_seed
from crossray.statistics import (
    auc,
    average_precision,
    interval,
    patient_weights,
    threshold_metrics,
    weighted_aucs,
    youden_threshold,
)
from crossray.tables import reported

KEYS = ["model", "source", "target", "task", "seed"]

#: columns of ``performance.csv`` in order; shares are 0 to 1, the threshold is a logit
COLUMNS = [
    *KEYS, "images", "patients", "positives", "negatives", "reason", "auc", "auc_low", "auc_high",
    "average_precision", "threshold", "threshold_reason", "sensitivity", "specificity", "f1", "accuracy",
]  # fmt: skip


def read_overlap(path: Path) -> set[tuple[str, str]]:
    """Read from the audit's summary which (source, target) have test images of patients that the source learnt from."""
    summary = pd.read_csv(path, dtype={"source": str, "target": str})
    return {(row.source, row.target) for row in summary[summary["overlap"] > 0].itertuples()}


def measure(
    study: Study, evaluation: Mapping[str, Any], refused: Set[tuple[str, str]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every cell of a study.

    Args:
        study: the predictions.
        evaluation: ``minimum`` (positives and negatives for a number to be given), ``resamples`` and ``seed`` of
            the bootstrap.
        refused: pairs of a source and a target for which no number is given, as patients are in both (reason O).

    Returns:
        One row a cell with :data:`COLUMNS`; and for each cell with an AUC its key and ``replicates``, an array of
        shape (resamples,). Cells with the same target share their resamples of patients, so differences between
        models are paired.
    """
    thresholds = {trained: _thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    replicates: list[dict[str, Any]] = []
    for target in study.settings["targets"]:
        labels = study.labels(target, "test")
        weights: NDArray | None = None
        scored = pd.Index([])
        for trained in study.trained():
            for seed, logits in study.logits(trained, "test", target).items():
                if weights is None:
                    scored = logits.index
                    seed_of_target = derived_seed(evaluation["seed"], "bootstrap", target)
                    patients = labels.loc[scored, "patient_id"].to_numpy()
                    weights = patient_weights(patients, evaluation["resamples"], seed_of_target)
                check_rows(logits, scored, f"predictions of {trained.model} trained on {trained.source} for {target}")
                known = labels.loc[logits.index]
                for task in study.settings["tasks"]:
                    key = dict(zip(KEYS, (trained.model, trained.source, target, task, seed), strict=True))
                    threshold = thresholds[trained].get((seed, task), float("nan"))
                    reason = reasons.PATIENTS_OVERLAP if (trained.source, target) in refused else None
                    row, values = _cell(known, logits, task, threshold, weights, evaluation["minimum"], reason)
                    rows.append(key | row)
                    if values is not None:
                        replicates.append(key | {"replicates": values})
    table = pd.DataFrame(rows, columns=COLUMNS).astype(
        {"images": int, "patients": int, "positives": int, "negatives": int}
    )
    return table, pd.DataFrame(replicates, columns=[*KEYS, "replicates"])


def _thresholds(study: Study, trained: Trained) -> dict[tuple[str, str], float]:
    """Youden's threshold of every seed and task, chosen on the source's validation split alone."""
    labels = study.labels(trained.source, "validation")
    return {
        (seed, task): youden_threshold(*_known(labels.loc[logits.index, task], logits[task])[:2])
        for seed, logits in study.logits(trained, "validation", trained.source).items()
        for task in logits
    }


def _known(labels: pd.Series, logits: pd.Series) -> tuple[NDArray, NDArray, NDArray]:
    """Return labels and scores where the label is known, and where that is."""
    known = labels.notna().to_numpy()
    return labels.to_numpy()[known], logits.to_numpy()[known], known


def _cell(
    labels: pd.DataFrame,
    logits: pd.DataFrame,
    task: str,
    threshold: float,
    weights: NDArray,
    minimum: int,
    refused: str | None,
) -> tuple[dict[str, Any], NDArray | None]:
    """Measure one cell, unless there is a reason to refuse: its row, and its bootstrap replicates if it has an AUC."""
    empty: dict[str, Any] = {"images": 0, "patients": 0, "positives": 0, "negatives": 0}
    if task not in labels or labels[task].isna().all():
        return empty | {"reason": reasons.NOT_LABELLED}, None
    counted = labels[labels[task].notna()]
    row = {
        "images": len(counted),
        "patients": counted["patient_id"].nunique(),
        "positives": int((counted[task] == 1).sum()),
        "negatives": int((counted[task] == 0).sum()),
    }
    if task not in logits:
        return row | {"reason": reasons.NOT_TRAINED}, None
    if refused:
        return row | {"reason": refused}, None
    if min(row["positives"], row["negatives"]) < minimum:
        return row | {"reason": reasons.TOO_FEW}, None
    truth, scores, known = _known(labels[task], logits[task])
    values = weighted_aucs(truth, scores, weights[:, known])
    low, high = interval(values)
    row |= {"auc": auc(truth, scores), "auc_low": low, "auc_high": high}
    row |= {"average_precision": average_precision(truth, scores), "threshold": threshold}
    row |= {"threshold_reason": reasons.TOO_FEW if np.isnan(threshold) else None}
    return row | threshold_metrics(truth, scores, threshold), values


def cells(replicates: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str, str], NDArray]]:
    """Yield (model, source, target, task) and the replicates of each cell that a report shows."""
    for row in reported(replicates).itertuples():
        yield (row.model, row.source, row.target, row.task), np.asarray(row.replicates)
