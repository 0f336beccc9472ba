"""What is the effect of a setting? Every point of a sweep on every target, over seeds, and other models with it.

And the value that each selection method would have chosen. Gulrajani and Lopez-Paz (ICLR 2021, DomainBed) name three:
training-domain validation, leave-one-domain-out validation, and test-domain validation, which no user of a model has:
the oracle.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crossray import reasons
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.repeated_aucs import Repeated, mean_interval, paired_difference, pooled
from crossray.statistics import auc
from crossray.study.names import ALL, ALL_BUT
from crossray.study.stages.measure_sweeps import SweepPoint
from crossray.tables import ENSEMBLE, of_rows
from crossray.tables.sweeps import Choices, Sweeps

#: model -> the point of a sweep that it is
Points = Mapping[str, SweepPoint]


TRAINING_DOMAIN = "training-domain validation"
LEFT_OUT_DOMAINS = "leave-one-domain-out validation"
ORACLE = "test-domain validation (oracle)"

#: how much is learnt from is nothing to choose: more is better
NOT_CHOSEN = ("images",)


def measure(study: Study, points: Points, images: Mapping[ModelKey, float]) -> pd.DataFrame:
    """Measure every point of every sweep on every target.

    Tasks are those that have a number at every point of the study's sweeps for a source and target, so that points can
    be compared; points whose training diverged have none and are left out (D). Sweeps with the same values are set
    beside the first of them, patient by patient; intervals are those of :mod:`crossray.analysis.trainings`.

    Args:
        study: the predictions.
        points: model -> the point of a sweep that it is.
        images: training images of each, mean over seeds.

    Returns:
        A table of :class:`Sweeps`.
    """
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        for source in study.settings.sources:
            here = [ModelKey(model, source) for model in points if source in study.settings.sources_of[model]]
            sound = [one for one in here if not any(scored.diverged[one, seed] for seed in scored.logits[one])]
            tasks, reason = _common_tasks(scored, sound, study.settings.tasks)
            measured = {one: measured_on(scored, one, tasks) for one in sound} if tasks else {}
            for one in here:
                row = _keys(one, points[one.model]) | {"target": scored.dataset, "training_images": images[one]}
                row |= {"seeds": len(study.settings.seeds), "tasks": len(tasks) if one in sound else 0}
                row["reason"] = reason if one in sound else reasons.DIVERGED
                if one in measured:
                    row |= _mean(measured[one]) | _beside(one, measured, points)
                rows.append(row)
    return of_rows(rows, Sweeps)


def _keys(one: ModelKey, point: SweepPoint) -> dict[str, Any]:
    """Return what says which point it is: the first swept setting, its value, and the others in words."""
    (setting, value), *others = point.point.items()
    words = ", ".join(f"{name} {other}" for name, other in others)
    return {"sweep": point.sweep, "model": one.model, "setting": setting, "value": value, "others": words,
            "source": one.source}  # fmt: skip


def _common_tasks(
    scored: ScoredSplit, models: Sequence[ModelKey], tasks: Sequence[str]
) -> tuple[list[str], str | None]:
    """Return the tasks on which every model has a number with every seed; a reason where there are none."""
    codes: list[str] = []
    common = []
    for task in tasks:
        found = [
            scored.count(one, seed, task)["reason"] for one in models for seed in scored.logits[one] if seed != ENSEMBLE
        ]
        missing = [code for code in found if code]
        codes += missing
        if not missing and found:
            common.append(task)
    return common, None if common or not codes else max(set(codes), key=codes.count)


def measured_on(scored: ScoredSplit, one: ModelKey, tasks: Sequence[str]) -> list[Repeated]:
    """Measure the trainings of a model on each task."""
    return pooled(f"{one.model}/{one.source}", [scored.repeated(one, task) for task in tasks])


def _mean(tasks: Sequence[Repeated]) -> dict[str, float]:
    """Return the mean AUC over tasks, with its interval."""
    low, high = mean_interval(tasks)
    return {"auc": float(np.mean([task.measured.auc for task in tasks])), "auc_low": low, "auc_high": high}


def _beside(one: ModelKey, measured: Mapping[ModelKey, Sequence[Repeated]], points: Points) -> dict[str, Any]:
    """Compare a point with that of the first sweep that has the same values."""
    same = next(model for model in points if points[model].point == points[one.model].point)
    other = ModelKey(same, one.source)
    if same == one.model or other not in measured:
        return {}
    found = paired_difference(measured[one], measured[other])
    difference = {"difference": found.value, "difference_low": found.low, "difference_high": found.high}
    return {"beside": points[same].sweep} | difference


def choose(study: Study, points: Points, table: pd.DataFrame) -> pd.DataFrame:
    """Say which point of each sweep each way of choosing would choose, and how good that is at each target.

    Selection uses validation images, evaluation uses test images.

    Args:
        study: the predictions.
        points: as in :func:`measure`.
        table: what it returned.

    Returns:
        A table of :class:`Choices`.
    """
    rows: list[dict[str, Any]] = []
    validation = _Validation(study)
    measured = table[table["auc"].notna()].set_index(["model", "source", "target"])
    for (sweep, fixed), models in _rivals(points).items():
        for source in study.settings.sources_of[models[0]]:
            for target in study.settings.targets:
                able = [model for model in models if (model, source, target) in measured.index]
                if len(able) < 2:  # the others diverged, as all points have the same tasks
                    continue
                for choice, values in validation.ways(able, source, target):
                    best = max(values, key=values.__getitem__)
                    row = {"sweep": sweep, "fixed": fixed, "source": source, "target": target, "choice": choice,
                           "model": best, "validation_auc": values[best]}  # fmt: skip
                    judged = measured.loc[(best, source, target), ["auc", "auc_low", "auc_high"]]
                    rows.append(row | judged.to_dict())
    return of_rows(rows, Choices)


def _rivals(points: Points) -> dict[tuple[str, str], list[str]]:
    """Return the points to choose among: those of a sweep that differ in what can be chosen, two at least."""
    rivals: dict[tuple[str, str], list[str]] = {}
    for model, point in points.items():
        fixed = ", ".join(f"{name} {value}" for name, value in point.point.items() if name in NOT_CHOSEN)
        if set(point.point) - set(NOT_CHOSEN):
            rivals.setdefault((point.sweep, fixed), []).append(model)
    return {name: models for name, models in rivals.items() if len(models) > 1}


class _Validation:
    """Mean validation AUC of models, each split read once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._values: dict[tuple[ModelKey, str], dict[str, float]] = {}

    def ways(self, models: Sequence[str], source: str, target: str) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield each way of choosing for a source and target, with the validation AUC of each model by it."""
        members, settings = self.study.settings.members, self.study.settings
        yield from self._known(TRAINING_DOMAIN, models, [(source, name) for name in members[source]])
        left_out = [(f"{ALL_BUT}{name}", name) for name in members[source]]
        trained = all(other in settings.sources_of[model] for model in models for other, _ in left_out)
        if source == ALL and trained:
            yield from self._known(LEFT_OUT_DOMAINS, models, left_out)
        if target not in members[source]:
            yield from self._known(ORACLE, models, [(source, target)])

    def _known(
        self, choice: str, models: Sequence[str], pairs: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield a selection method if there is a task on which all models have an AUC on all splits."""
        found = {model: [self._of(ModelKey(model, source), name) for source, name in pairs] for model in models}
        shared = [set.intersection(*(set(found[model][i]) for model in models)) for i in range(len(pairs))]
        if all(shared):
            yield choice, {
                model: float(np.mean([np.mean([found[model][i][task] for task in sorted(shared[i])])
                                      for i in range(len(pairs))]))
                for model in models
            }  # fmt: skip

    def _of(self, one: ModelKey, dataset: str) -> dict[str, float]:
        """Return the AUC of each task on a data set's validation split, mean over seeds."""
        if (one, dataset) not in self._values:
            scored = self.study.scored(dataset, "validation", [one])
            seeds = [logits for seed, logits in scored.logits[one].items() if seed != ENSEMBLE]
            values = {}
            for task in self.study.settings.tasks:
                if all(task in logits for logits in seeds) and scored.labels.get(task, pd.Series()).nunique() == 2:
                    values[task] = float(np.mean([auc(*known(scored.labels, logits, task)[:2]) for logits in seeds]))
            self._values[one, dataset] = values
        return self._values[one, dataset]
