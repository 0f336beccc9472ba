"""How good is a model where there are no labels, and can such an estimate be trusted?

Every estimator of :mod:`crossray.analysis.confidence` is applied to every cell. Where there are labels its error is
known: a back-test. An estimate may be printed if it passes a rule that is the same for all:

1. Back-tests at least four other cohorts (reason C otherwise). Those of the cell's own cohort are left out.
2. The 95% prediction interval of another cohort's error lies within the tolerance (reason E otherwise): cohorts are
   the sample, all cells of one weigh as much as one, and the degrees of freedom are cohorts less one.
3. There is a verdict on the cell, and it does not say that the label rule may differ (reason R). Where it says so, or
   nobody could look, as no image of the target has a label, nothing in the outputs shows by how much. So back-tests are
   of cells with such a verdict too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis.back_tests import expected_error
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.confidence import ESTIMATORS, QUANTITIES, Home, estimates, measured
from crossray.analysis.home_calibration import calibration_line
from crossray.analysis.shift.overlap import tell_apart
from crossray.analysis.shift.verdict import CANNOT_TELL, COMPOUND
from crossray.analysis.thresholds import own_thresholds
from crossray.seeds import derived_seed
from crossray.tables import of_rows
from crossray.tables.monitoring import Unlabelled, UnlabelledErrors

LABELLED, UNLABELLED = "labelled", "unlabelled"
ALL, NO_VERDICT = "all", "no verdict"
#: verdicts after which the label rule may be another one
MAY_BE_THE_RULE = ("concept", COMPOUND, CANNOT_TELL)
_CELL = ["model", "source", "target", "task"]


def measure(
    study: Study, models: Sequence[str], tolerance: float, shift: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate every cell, back-test where there are labels, and say which estimates may be printed.

    Args:
        study: the predictions.
        models: those with a labelled validation split at home, and probabilities.
        tolerance: largest error that an estimate may be expected to have.
        shift: ``shift.csv``, if the study has it.

    Returns:
        Tables of :class:`Unlabelled` and :class:`UnlabelledErrors`.
    """
    verdicts = verdicts_of(shift)
    homes: dict[ModelKey, _Model | None] = {}
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        for trained in study.trained():
            members = study.settings.members[trained.source]
            if trained.model not in models or not members or scored.dataset in members:
                continue
            if trained not in homes:
                homes[trained] = None if set(members) & set(study.settings.at_sites) else _Model(study, trained)
            rows += _pair(study, scored, trained, homes[trained])
    table = of_rows(rows, Unlabelled)
    table["verdict"] = [verdicts.get(key) for key in table[_CELL].itertuples(index=False, name=None)]
    judged = judge(table, study.settings.cohorts, tolerance)
    return judged, summarise(judged, study.settings.cohorts, tolerance)


def verdicts_of(shift: pd.DataFrame | None) -> dict[tuple, str]:
    """Return the verdict on each cell: one that may be the label rule by either metric, or else that by log-loss.

    Labels or unseen images that are there count as such a verdict, also where they do no harm.
    """
    if shift is None:
        return {}
    found: dict[tuple, str] = {}
    told = shift[shift["verdict"].notna()].sort_values("metric", ascending=False, kind="stable")  # log-loss first
    for row in told.itertuples():
        key = (row.model, row.source, row.target, row.task)
        hidden = str(row.concept_present) == "True" and row.verdict not in MAY_BE_THE_RULE
        verdict = COMPOUND if hidden else row.verdict
        if key not in found or (verdict in MAY_BE_THE_RULE and found[key] not in MAY_BE_THE_RULE):
            found[key] = verdict
    return found


class _Model:
    """A model at home: labelled validation images, calibration, threshold."""

    def __init__(self, study: Study, trained: ModelKey) -> None:
        self.trained = trained
        self.labels, seeds = study.validation(trained)
        self._seed = next((seed for seed in seeds if seed == "ensemble"), next(iter(seeds)))
        self.outputs = seeds[self._seed]
        self._thresholds = own_thresholds(study, trained)

    def places(self) -> NDArray:
        """Return the patients of its images, of whichever data set."""
        return self.labels["patient_id"].to_numpy(dtype=str)

    def task(self, task: str, weights: NDArray) -> "tuple[Home, NDArray] | None":
        """Return the labelled images of a task at home, and the calibration; None where there is no such."""
        limit = self._thresholds.get((self._seed, task), float("nan"))
        if task not in self.labels or task not in self.outputs or np.isnan(limit):
            return None
        labels, scores, here = known(self.labels, self.outputs, task)
        if len(np.unique(labels)) < 2:
            return None
        fitted = calibration_line(scores, labels)
        return Home(labels, fitted[0] + fitted[1] * scores, float(fitted[0] + fitted[1] * limit), weights[here]), fitted


def _pair(study: Study, scored: ScoredSplit, trained: ModelKey, model: "_Model | None") -> Iterator[dict[str, Any]]:
    """Yield the estimates of a model at a target."""
    weights: NDArray | None = None
    is_closed = study.settings.small_cells is not None and scored.dataset in study.settings.small_cells.closed
    for task in study.settings.tasks:
        key = scored.key(trained) | {"task": task}
        counts = scored.count(trained, scored.reported_seed(trained), task)
        reason = counts["reason"] if counts["reason"] not in (reasons.NOT_LABELLED, reasons.TOO_FEW) else None
        if reason is None and (model is None or not scored.has_probability(trained)):
            reason = reasons.STAYS_AT_SITE if model is None else reasons.NO_PROBABILITY
        if reason is None and task not in scored.reported(trained):
            reason = reasons.NOT_TRAINED
        if reason is None and model is not None and weights is None:
            weights = _weights(study, scored, model)
        found = model.task(task, weights) if reason is None and model is not None and weights is not None else None
        if found is None:
            yield _empty(key, reason or reasons.NOT_TRAINED)
            continue
        for group, labels, logits in _groups(scored, trained, task, counts["reason"]):
            yield from _estimated(key, group, labels, found[1][0] + found[1][1] * logits, found[0], is_closed)


def _empty(key: Mapping[str, str], reason: str) -> dict[str, Any]:
    """Return the row of a cell without an estimate."""
    whole = {"group": UNLABELLED, "estimator": ALL, "quantity": ALL, "targets": 0}
    return {**key, **whole, "is_chosen": False, "reason": reason}


def _groups(
    scored: ScoredSplit, trained: ModelKey, task: str, reason: str | None
) -> Iterator[tuple[str, NDArray | None, NDArray]]:
    """Yield the labelled images, if they are enough, and the others, if they are."""
    logits = scored.reported(trained)[task].to_numpy()
    labels = scored.labels[task].to_numpy(float) if task in scored.labels else np.full(len(logits), np.nan)
    given, labelled = ~np.isnan(logits), ~np.isnan(labels)
    if reason is None:
        yield LABELLED, labels[given & labelled], logits[given & labelled]
    rest = given & ~labelled
    if len(np.unique(scored.patients[rest])) >= 2 * scored.minimum:
        yield UNLABELLED, None, logits[rest]


def _estimated(
    key: Mapping[str, str], group: str, labels: NDArray | None, logits: NDArray, home: Home, is_closed: bool
) -> Iterator[dict[str, Any]]:
    """Yield every estimate of a cell, with the truth where it is known."""
    truth = {} if labels is None else measured(labels, logits, home.threshold)
    for estimator, values in estimates(home, logits).items():
        for quantity, value in values.items():
            row = {**key, "group": group, "estimator": estimator, "quantity": quantity, "estimate": value}
            row |= {"images": None if is_closed else len(logits)}
            yield row if labels is None else row | {"truth": truth[quantity], "error": value - truth[quantity]}


def _weights(study: Study, scored: ScoredSplit, model: "_Model") -> NDArray[np.float64]:
    """Return how much more likely each validation image of the source is at the target, by the domain classifier.

    It sees what the model makes of the image for all tasks, age, sex and view.
    """
    home, away = model.labels, scored.labels
    outputs = pd.concat([model.outputs, scored.reported(model.trained)], join="inner")
    outputs = outputs.fillna(outputs.mean()).fillna(0.0)
    features = np.c_[outputs.to_numpy(float), _facts(pd.concat([home, away]))]
    sides = features[: len(home)], features[len(home) :]
    cohorts = {study.settings.cohorts[name] for name in study.settings.members[model.trained.source]}
    mark = "" if study.settings.cohorts[scored.dataset] in cohorts else "away\n"
    people = np.r_[model.places(), [mark + name for name in away["patient_id"].astype(str)]]
    numbers = np.unique(people, return_inverse=True)[1]
    each = tuple(np.ones((1, len(side))) for side in sides)
    seed = derived_seed(study.settings.evaluation.seed, "unlabelled", *scored.key(model.trained).values())
    patients = numbers[: len(home)], numbers[len(home) :]
    share = tell_apart((sides[0], sides[1]), (each[0], each[1]), patients, seed).source[0]
    return share / (1 - share)


def _facts(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return age, and what view and sex are; an unknown age is the median of the known ones."""
    ages = rows["age"].to_numpy(float)
    middle = float(np.nanmedian(ages)) if (~np.isnan(ages)).any() else 0.0
    said = pd.get_dummies(rows[["view", "sex"]].fillna("unknown").astype(str)).to_numpy(float)
    return np.c_[np.where(np.isnan(ages), middle, ages), said]


def judge(table: pd.DataFrame, cohorts: Mapping[str, str], tolerance: float) -> pd.DataFrame:
    """Say of every estimate what error is to be expected, and whether it may be printed.

    Args:
        table: estimates, errors and verdicts.
        cohorts: data set -> whose patients it has.
        tolerance: largest error that may be expected.

    Returns:
        The table of :class:`Unlabelled`; estimates of unlabelled images that may not be printed are left out.
    """
    rows = table.to_dict("records")
    clean = table["verdict"].notna() & ~table["verdict"].isin(MAY_BE_THE_RULE)
    tested = table[table["error"].notna() & clean].assign(cohort=lambda part: part["target"].map(cohorts))
    pools = dict(iter(tested.groupby(["estimator", "quantity"], sort=False)))
    for row in rows:
        if row["estimator"] == ALL:
            continue
        pool = pools.get((row["estimator"], row["quantity"]), tested.iloc[:0])
        pool = pool[pool["cohort"] != cohorts[row["target"]]]
        expected = expected_error(pool["error"].to_numpy(float), pool["cohort"].to_numpy())
        row |= {"targets": expected.targets, "is_chosen": False, "reason": None}
        if expected.is_known and not np.isnan(row["estimate"]):
            row |= {"error_low": expected.low, "error_high": expected.high}
            row["estimate_low"] = float(np.clip(row["estimate"] - expected.high, 0, 1))
            row["estimate_high"] = float(np.clip(row["estimate"] - expected.low, 0, 1))
        if not isinstance(row["verdict"], str) or row["verdict"] in MAY_BE_THE_RULE:
            row["reason"] = reasons.OTHER_RULE
        elif not expected.is_known:
            row["reason"] = reasons.NOT_CHECKED
        elif not expected.is_within(tolerance) or np.isnan(row["estimate"]):
            row["reason"] = reasons.ERRS
        if row["reason"] and row["group"] == UNLABELLED:
            row |= {"estimate": None, "estimate_low": None, "estimate_high": None}
    _choose(rows)
    return of_rows(rows, Unlabelled)


def _choose(rows: Sequence[dict[str, Any]]) -> None:
    """Mark the estimate of each quantity that is printed."""
    best: dict[tuple, dict[str, Any]] = {}
    for row in rows:
        if row["reason"] is None:
            key = (*(row[name] for name in _CELL), row["group"], row["quantity"])
            width = row["error_high"] - row["error_low"]
            if key not in best or width < best[key]["error_high"] - best[key]["error_low"]:
                best[key] = row
    for row in best.values():
        row["is_chosen"] = True


def summarise(table: pd.DataFrame, cohorts: Mapping[str, str], tolerance: float) -> pd.DataFrame:
    """Sum up the back-tests of each estimator by cause.

    Returns:
        A table of :class:`UnlabelledErrors`.
    """
    tested = table[table["error"].notna()]
    causes = tested["verdict"].fillna(NO_VERDICT)
    rows = []
    for estimator in ESTIMATORS:
        for quantity in QUANTITIES:
            for cause in (ALL, *sorted(set(causes))):
                part = tested[(tested["estimator"] == estimator) & (tested["quantity"] == quantity)]
                part = part if cause == ALL else part[causes[part.index] == cause]
                if len(part):
                    names = {"estimator": estimator, "quantity": quantity, "cause": cause}
                    rows.append(names | _summed(part, cohorts, tolerance))
    return of_rows(rows, UnlabelledErrors)


def _summed(part: pd.DataFrame, cohorts: Mapping[str, str], tolerance: float) -> dict[str, Any]:
    errors, predicted = part["error"].astype(float), part[part["error_low"].notna()]
    inside = (predicted["error"] >= predicted["error_low"]) & (predicted["error"] <= predicted["error_high"])
    return {
        "cells": len(part), "targets": part["target"].map(cohorts).nunique(), "mean_error": float(errors.mean()),
        "sd": float(errors.std()) if len(part) > 1 else None, "worst": float(errors.abs().max()),
        "within": float((errors.abs() <= tolerance).mean()),
        "covered": float(inside.mean()) if len(predicted) else None,
    }  # fmt: skip
