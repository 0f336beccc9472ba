"""How well does each model perform on each target, task by task, and with what certainty?

Of several trainings the mean of their numbers is reported, with an interval over patients and, from three trainings
on, trainings. The ensemble of their logits is a different model and is reported beside them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray import reasons
from crossray.analysis import repeated_aucs
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.intervals import interval, measure_auc
from crossray.analysis.means import single
from crossray.analysis.metrics import average_precision, calibration_error, threshold_metrics
from crossray.analysis.resampling import weighted_ranking, with_interval
from crossray.analysis.thresholds import own_thresholds
from crossray.analysis.trainings import Trainings
from crossray.analysis.values import Value
from crossray.tables import ENSEMBLE, MEAN_OF_TRAININGS, of_rows, reported
from crossray.tables.performance import Performance, Replicates

#: model, source, target, task
CellKey = tuple[str, str, str, str]


#: what an interval is over
PATIENTS, BOTH = "patients", "patients and trainings"
#: columns of what a mean of trainings is the mean of
_AVERAGED = ("average_precision", "calibration_error", "threshold", "sensitivity", "specificity", "f1", "accuracy")


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every cell of a study.

    Returns:
        Tables of :class:`Performance`, one row per cell, and of :class:`Replicates`, one row per cell of all
        trainings, or of
        the ensemble, that has an AUC. Cells with the same target share their resamples of patients, so differences
        between models are paired.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    cells: dict[ModelKey, list[tuple[dict[str, Any], NDArray, repeated_aucs.Repeated]]] = {}
    for scored in study.targets(counts=True):
        weights = scored.weights(study.settings.evaluation)
        for trained in scored.logits:
            for task in study.settings.tasks:
                for row, drawn, repeated in _of_task(study, scored, trained, task, thresholds[trained], weights):
                    rows.append(row)
                    if repeated is not None:
                        cells.setdefault(trained, []).append((row, drawn, repeated))
    replicates: list[dict[str, Any]] = []
    for trained, found in cells.items():
        replicates += _with_trainings(trained, found)
    table = of_rows(rows, Performance).astype(
        {"images": int, "patients": int, "positives": int, "negatives": int, "trainings": int}
    )
    return table, of_rows(replicates, Replicates)


def _of_task(
    study: Study,
    scored: ScoredSplit,
    trained: ModelKey,
    task: str,
    thresholds: Mapping[tuple[str, str], float],
    weights: NDArray,
) -> Iterator[tuple[dict[str, Any], NDArray, repeated_aucs.Repeated | None]]:
    """Yield a row for each seed, the mean of trainings and the ensemble; with its resamples where these are kept."""
    seeds = scored.logits[trained]
    several = len(seeds) > 1
    key = scored.key(trained) | {"task": task}
    of_trainings: list[tuple[dict[str, Any], NDArray]] = []
    for seed, logits in seeds.items():
        row = (
            key
            | {"seed": seed}
            | scored.count(trained, seed, task)
            | {"trainings": len(seeds) - 1 if seed == ENSEMBLE else 1}
        )
        if row["reason"] == reasons.NO_PROBABILITY:  # yes and no rank nothing, and are called rightly or not
            row |= _called(scored, logits, task, 1.0) | _what_is_not_known(study, scored, trained, 1.0)
        if row["reason"] is not None:
            yield row, np.empty(0), None
            continue
        threshold = thresholds.get((seed, task), float("nan"))
        # whose images are whose is not known of counts, so that there are no resamples of patients
        drawn = np.empty((2, 0)) if scored.sizes is not None else _resampled(scored, logits, task, weights)
        row |= _cell(scored, logits, task, threshold) | _what_is_not_known(study, scored, trained, threshold)
        if seed == ENSEMBLE or not several:
            row |= with_interval("average_precision", row["average_precision"], drawn[1])
        if seed != ENSEMBLE:
            of_trainings.append((row, drawn))
        if seed == ENSEMBLE and scored.sizes is not None:  # of the one that is there
            yield row, drawn[0], _kept(scored.repeated(trained, task))
        elif seed == ENSEMBLE:
            truth, scores, here = known(scored.labels, logits, task)
            found = repeated_aucs.measure(truth, [scores], scored.patients[here], scored.patient_count)
            yield row, drawn[0], _kept(found)
        else:
            yield row, drawn[0], None if several else _kept(scored.repeated(trained, task))
    if several:
        row = key | {"seed": MEAN_OF_TRAININGS} | scored.count(trained, MEAN_OF_TRAININGS, task)
        row |= {"trainings": len(seeds) - 1}
        if row["reason"] is not None:
            yield row, np.empty(0), None
            return
        drawn = np.mean([values for _, values in of_trainings], axis=0)
        repeated = scored.repeated(trained, task)
        row |= {name: float(np.mean([one[name] for one, _ in of_trainings])) for name in _AVERAGED}
        row |= {"auc": repeated.measured.auc, "threshold_reason": _no_threshold(row["threshold"])}
        row |= _what_is_not_known(study, scored, trained, row["threshold"])
        row |= with_interval("average_precision", row["average_precision"], drawn[1])
        yield row, drawn[0], _kept(repeated)


def _kept(repeated: repeated_aucs.Repeated) -> repeated_aucs.Repeated:
    """Drop what each patient contributes, which nothing needs that is kept for all cells."""
    return replace(repeated, measured=replace(repeated.measured, parts=np.empty(0)))


def _with_trainings(
    trained: ModelKey, cells: Sequence[tuple[dict[str, Any], NDArray, repeated_aucs.Repeated]]
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Give cells of a model their limits, the trainings pooled over them, and yield what means of them need."""
    several = [cell for cell in cells if len(cell[2].aucs) > 1]
    found = repeated_aucs.pooled(f"{trained.model}/{trained.source}", [cell[2] for cell in several])
    known = {id(cell[0]): one for cell, one in zip(several, found, strict=True)}
    for row, drawn, repeated in cells:
        one = known.get(id(row), repeated)
        low, high = repeated_aucs.interval(one)
        over = PATIENTS if one.trainings is None else BOTH
        row |= {"auc_low": low, "auc_high": high, "interval_over": over}
        if not len(drawn):
            continue
        low, high = interval(one.measured)
        kept = {name: row[name] for name in Performance.KEY} | {
            "replicates": drawn,
            "patients_low": low,
            "patients_high": high,
        }
        kept |= {"trainings": np.empty(0), "trainings_of": "", "freedom": float("nan"), "share": float("nan")}
        if one.trainings is not None:
            moved = one.trainings
            error = float(np.sqrt((moved.parts**2).sum()))
            row |= {"seed_sd": error * float(np.sqrt(len(one.aucs))), "seed_freedom": moved.freedom}
            kept |= {"trainings": moved.parts, "trainings_of": moved.of, "freedom": moved.freedom, "share": moved.share}
        yield kept


def _resampled(scored: ScoredSplit, logits: pd.DataFrame, task: str, weights: NDArray) -> NDArray:
    """Return AUC and average precision in each resample, shape (2, resamples)."""
    truth, scores, here = known(scored.labels, logits, task)
    return np.stack(weighted_ranking(truth, scores, weights[:, here]))


def _cell(scored: ScoredSplit, logits: pd.DataFrame, task: str, threshold: float) -> dict[str, Any]:
    """Measure one training, or the ensemble, with an interval for other patients."""
    truth, scores, here = known(scored.labels, logits, task)
    measured = measure_auc(truth, scores, scored.patients[here], scored.patient_count)
    low, high = interval(measured)
    row: dict[str, Any] = {"auc": measured.auc, "auc_low": low, "auc_high": high, "interval_over": PATIENTS}
    row["average_precision"] = average_precision(truth, scores)
    row["calibration_error"] = calibration_error(truth, expit(scores), scored.patients[here])
    return row | _called(scored, logits, task, threshold)


def _called(scored: ScoredSplit, logits: pd.DataFrame, task: str, threshold: float) -> dict[str, Any]:
    """Measure what a threshold calls."""
    truth, scores, _ = known(scored.labels, logits, task)
    row = {"threshold": threshold, "threshold_reason": _no_threshold(threshold)}
    return row | threshold_metrics(truth, scores, threshold)


def _what_is_not_known(study: Study, scored: ScoredSplit, trained: ModelKey, threshold: float) -> dict[str, Any]:
    """Return which numbers an external model cannot have, and why; nothing for others."""
    row: dict[str, Any] = {}
    external = study.settings.external.get(trained.model)
    if external and np.isnan(threshold) and not external.chosen_on:
        row["threshold_reason"] = reasons.NOT_GIVEN
    if not scored.has_probability(trained):
        row |= {"calibration_error": float("nan"), "calibration_reason": reasons.NO_PROBABILITY}
    if external and not external.is_known:
        row["caveat"] = reasons.UNKNOWN_TRAINING_DATA
    return row


def _no_threshold(threshold: float) -> str | None:
    return reasons.TOO_FEW if np.isnan(threshold) else None


def values_of(performance: pd.DataFrame, replicates: pd.DataFrame) -> dict[CellKey, Value]:
    """Return the AUC of every cell that a report shows and that has one, with its resamples of patients.

    What sites' counts say has none, and so is in no mean: how the numbers of tasks go together is not known.

    Args:
        performance: ``performance.csv``.
        replicates: what :func:`measure` returns beside it.
    """
    kept = {(row.model, row.source, row.target, row.task): row for row in reported(replicates).itertuples()}
    shown = reported(performance)
    numbers = shown[shown["auc"].notna()][["model", "source", "target", "task", "auc"]]
    values: dict[CellKey, Value] = {}
    for *key, auc in numbers.itertuples(index=False, name=None):
        if tuple(key) not in kept:
            continue
        row = kept[tuple(key)]
        patients = single(auc, row.patients_low, row.patients_high, np.asarray(row.replicates))
        parts = np.asarray(row.trainings, np.float64)
        other = Trainings(row.trainings_of, parts, row.freedom, row.share)
        values[tuple(key)] = Value(patients, ((1.0, other),) if len(parts) else ())
    return values
