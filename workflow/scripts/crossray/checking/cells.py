"""Which cells of the matrix will have a number, and why others will not, by the rules of training and analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crossray.analysis.cells import ModelKey, ScoredSplit, Study
from crossray.analysis.options import overlapping
from crossray.analysis.units import labels_of, unit_of
from crossray.checking.external import external_tasks, planned_outputs
from crossray.datasets.leakage import count_overlap, gather, group_patients, settle_splits
from crossray.errors import UserError
from crossray.learning.learnable import first_patients, learnable, of_classes, too_few_patients
from crossray.study import stage_settings
from crossray.study.names import MULTICLASS
from crossray.study.plan import Plan

#: stands for all seeds of a training
_PLANNED = "planned"
_COLUMNS = ["model", "source", "target", "task", "reason"]


@dataclass(frozen=True)
class Outlook:
    """What a run would come to, but for near-duplicates and images that turn out to be unusable.

    Attributes:
        tables: data set -> its manifest, in the splits that the study uses.
        cells: one row a model x source x target x task: images, patients, positives, negatives, reason.
        problems: why trainings would fail.
        shared: pairs of data sets -> patients that both have.
        moved: data set -> images that change their split, as their patients are in several.
    """

    tables: Mapping[str, pd.DataFrame]
    cells: pd.DataFrame
    problems: Sequence[str]
    shared: Mapping[tuple[str, str], int]
    moved: Mapping[str, int]


def foresee(plan: Plan, manifests: Mapping[str, pd.DataFrame]) -> Outlook:
    """Say which cells will have a number.

    Args:
        plan: what the study does.
        manifests: data set -> its manifest, of those that could be read.
    """
    if not manifests:
        return Outlook({}, pd.DataFrame(columns=_COLUMNS), [], {}, {})
    images = gather(manifests, plan.cohorts)
    none = pd.DataFrame({"first": [], "second": []}, dtype="int64")
    groups, splits = group_patients(images, none), images["split"]
    if plan.study.leakage.overlap == "move":
        splits = settle_splits(images, groups, plan.study.only_tested())
    tables = {
        name: table.assign(split=splits[images["dataset"] == name].to_numpy()) for name, table in manifests.items()
    }
    refused: set[tuple[str, str]] = set()
    if plan.study.leakage.overlap == "refuse":
        counts = count_overlap(images, groups, splits, list(manifests))
        refused = overlapping({pair for pair, count in counts.items() if count}, plan.members)
    study = Study(Path(), Path(), stage_settings.analyses.analysis(plan), refused)
    known = [one for one in study.trained() if set(plan.members[one.source]) <= set(tables)]
    learnt, problems = {}, []
    for trained in known:
        if trained.model in plan.external:
            learnt[trained] = external_tasks(plan, trained.model)
            continue
        learnt[trained], problem = _learnt(plan, trained, tables)
        problems += [problem] if problem else []
    rows = []
    for target in plan.targets:
        if target in tables:
            try:
                rows += _rows(plan, study, learnt, target, tables[target])
            except UserError as error:
                problems.append(str(error))
    moved = (images["split"] != splits).groupby(images["dataset"]).sum()
    return Outlook(
        tables,
        pd.DataFrame(rows, columns=None if rows else _COLUMNS),
        problems,
        _shared(images),
        {name: int(moved[name]) for name in tables},
    )


def _learnt(plan: Plan, trained: ModelKey, tables: Mapping[str, pd.DataFrame]) -> tuple[list[str], str]:
    """Return the tasks that all trainings of a model on a source learn, and why there is none if so."""
    model = plan.models[trained.model]
    tasks = plan.study.tasks_of(model.sweep)
    parts = [tables[name].assign(dataset=number) for number, name in enumerate(plan.members[trained.source])]
    rows = pd.concat(parts, ignore_index=True)
    splits = {split: rows[rows["split"] == split].reset_index(drop=True) for split in ("train", "validation")}
    what = f"{trained.model} on {trained.source}"
    for split, images in splits.items():
        if images.empty:
            shares = f"datasets.{trained.source}.split" if trained.source in tables else "split of its data sets"
            return (
                [],
                f"{what}: no image in the split {split}; {too_few_patients(rows) or f'raise its share ({shares})'}",
            )
    kept = list(tasks)
    for seed in plan.study.seeds:
        chosen = splits | {"train": first_patients(splits["train"], model.training.images, seed)}
        here, notes = learnable(chosen, tasks)
        if not here:
            return [], f"{what}: no task can be learnt: {'; '.join(notes)}. Take {trained.source} out of sources, or " \
                "mend its labels"  # fmt: skip
        if plan.study.objective_of(model.sweep) == MULTICLASS:
            try:
                of_classes(chosen, here, what)
            except UserError as error:
                return [], str(error)
        kept = [task for task in kept if task in here]
    return kept, ""


def _rows(
    plan: Plan, study: Study, learnt: Mapping[ModelKey, Sequence[str]], target: str, table: pd.DataFrame
) -> list[dict]:
    """Count what is behind the cells of a target, by the analysis' own rule; predictions only say where they are."""
    images = table[table["split"] == "test"]
    owners = unit_of(images.set_index("image_id"), study.settings.evaluation.unit, target)
    labels = labels_of(images.set_index("image_id"), owners)
    logits = {
        trained: {
            _PLANNED: planned_outputs(plan, trained.model, target, images, tasks)
            .groupby(owners.to_numpy(), sort=False)
            .max()
        }
        for trained, tasks in learnt.items()
    }
    refused = frozenset(trained for trained in learnt if study.is_refused(trained, target))
    external = {trained: study.settings.external.get(trained.model) for trained in learnt}
    scales = {trained: facts.scale for trained, facts in external.items() if facts}
    missing = frozenset(trained for trained in learnt if not study.has_outputs(trained, target))
    stays = target in study.settings.at_sites
    scored = ScoredSplit(
        target, labels, logits, study.minimum(target), refused, scales=scales, missing=missing, stays=stays
    )
    return [
        {"model": trained.model, "source": trained.source, "target": target, "task": task}
        | scored.count(trained, _PLANNED, task)
        for trained in learnt
        for task in study.settings.tasks
    ]


def _shared(images: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Count the patients whom each two data sets share, of those that share any."""
    patients = {name: set(part) for name, part in images.groupby("dataset", sort=False)["patient"]}
    names = list(patients)
    counts = {
        (first, second): len(patients[first] & patients[second])
        for number, first in enumerate(names)
        for second in names[number + 1 :]
    }
    return {pair: count for pair, count in counts.items() if count}
