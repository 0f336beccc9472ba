"""Do models look where the finding is? Attribution maps against annotated regions, on internal and external tests.

Every measure is compared with chance, and with the same network with random weights
(Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018).
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import maps, reasons, regions
from crossray.analysis.cells import ModelKey, ScoredSplit, Study
from crossray.analysis.means import Mean, mean_of, single
from crossray.analysis.region_scores import MEASURES, centre_map, score
from crossray.analysis.resampling import weighted_sums
from crossray.analysis.score_means import interval
from crossray.analysis.sums import with_limits
from crossray.study import folders
from crossray.study.stages.measure_localisation import MeasureLocalisation
from crossray.tables import MEAN_OF_TASKS, of_rows, read
from crossray.tables.attribution import MappedImages
from crossray.tables.localisation import Localisation, LocalisationSummary

HOME, AWAY = "at home", "elsewhere"
TRAINED, RANDOM = "trained", "random"


@dataclass(frozen=True)
class Target:
    """A target's scored images.

    Attributes:
        name: the data set.
        labelled: the tasks that its test images have labels of.
        images: number of each image among those that are scored at all.
        patients: the patient of each of these.
        truth: (image_id, task) -> region on the pixels, not empty.
        centre: (image_id, task) -> what :func:`centre_map` scores.
        weights: resamples of patients, shape (resamples, images).
    """

    name: str
    labelled: frozenset[str]
    images: Mapping[str, int]
    patients: NDArray
    truth: Mapping[tuple[str, str], NDArray[np.bool_]]
    centre: Mapping[tuple[str, str], Mapping[str, float]]
    weights: NDArray[np.uint16]


@dataclass(frozen=True)
class Value:
    """A mean over images, tasks or pairs, and what chance and the centre have there."""

    score: Mean
    chance: float
    centre: float
    images: frozenset[str]


#: task, method, weights, measure
Key = tuple[str, str, str, str]
#: what a model has at a target
Values = dict[Key, Value]


def measure(
    study: Study, asked: MeasureLocalisation, attributions: Path, datasets: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every model of the first seed on every target.

    Args:
        study: the predictions.
        asked: what maps there are, and how images were made square.
        attributions: folder of maps, ``{model}/{source}/{target}/maps.h5`` and ``images.csv`` below it.
        datasets: folder of data sets, ``{dataset}/regions.parquet`` below it where findings are known.

    Returns:
        Tables of :class:`Localisation`, one row per task and one for their mean, and of :class:`LocalisationSummary`,
        over all internal and all external pairs.
    """
    rows: list[dict[str, Any]] = []
    cells: dict[tuple[ModelKey, str], Values] = {}
    for name in study.settings.targets:
        if name in study.settings.at_sites:
            rows += _staying(study, asked, name)
            continue
        tables = {trained: _table(attributions, trained, name) for trained in study.trained()}
        scored = study.scored(name, "test", list(tables))
        target = _target(study, asked, scored, datasets, tables)
        values = {trained: _values(table, target, study) for trained, table in tables.items()}
        for trained, found in values.items():
            own = values.get(ModelKey(trained.model, name), {}) if trained.source != name else {}
            diverged = scored.diverged[trained, str(study.settings.seeds[0])]
            known = frozenset(tables[trained]["task"]), frozenset(diverged)
            refused = study.is_refused(trained, name)
            rows += _rows(asked, trained, target, known, found, own, refused)
            cells[trained, name] = {} if refused else found
    return of_rows(rows, Localisation), of_rows(_summary(asked, cells), LocalisationSummary)


def _staying(study: Study, asked: MeasureLocalisation, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a target whose images stay at their site: none has a number."""
    tasks = [*asked.attribution.tasks, MEAN_OF_TASKS]
    for trained in study.trained():
        for key in itertools.product(tasks, asked.attribution.methods, (TRAINED, RANDOM), MEASURES):
            row = dict(zip(("task", "method", "weights", "measure"), key, strict=True))
            row |= {"model": trained.model, "source": trained.source, "target": name}
            yield row | {"tasks": 0, "images": 0, "patients": 0, "reason": reasons.STAYS_AT_SITE}


def _table(attributions: Path, trained: ModelKey, target: str) -> pd.DataFrame:
    """Read what each map of a cell is of; ``path`` is the file of the maps."""
    names = {"model": trained.model, "source": trained.source, "target": target}
    table = read(attributions / folders.MAPPED_IMAGES.format(**names), MappedImages)
    return table.assign(path=str(attributions / folders.MAPS.format(**names)), scored=table["scored"].astype(bool))


def _target(
    study: Study,
    asked: MeasureLocalisation,
    scored: ScoredSplit,
    datasets: Path,
    tables: Mapping[ModelKey, pd.DataFrame],
) -> Target:
    """Bring together what is known of a target's scored images; those whose regions the crop cut off are left out."""
    name, labels = scored.dataset, scored.labels
    mapped = pd.concat([table.loc[table["scored"], ["image_id", "task"]] for table in tables.values()])
    truth = _truth(datasets / folders.REGIONS.format(dataset=name), mapped.drop_duplicates(), asked)
    images = list(dict.fromkeys(image for image, _ in truth))
    patients = labels.loc[images, "patient_id"].to_numpy()
    weights = scored.weights(study.settings.evaluation)[:, labels.index.get_indexer(images)]
    blob = centre_map(asked.size)
    return Target(
        name,
        frozenset(task for task in asked.attribution.tasks if task in labels and labels[task].notna().any()),
        {image: number for number, image in enumerate(images)},
        patients,
        truth,
        {key: score(blob, region) for key, region in truth.items()},
        weights,
    )


def _truth(path: Path, scored: pd.DataFrame, asked: MeasureLocalisation) -> dict[tuple[str, str], NDArray[np.bool_]]:
    if scored.empty:
        return {}
    located = regions.read(path)
    located = located[located["image_id"].isin(scored["image_id"])]
    known = dict(list(located.groupby(["image_id", "task"], sort=False)))
    drawn = {
        key: regions.on_square(known[key], asked.size, asked.fit) for key in scored.itertuples(index=False, name=None)
    }
    return {key: region for key, region in drawn.items() if region.any()}


def _values(table: pd.DataFrame, target: Target, study: Study) -> Values:
    """Score all maps of a cell, and average them over the images of each task with enough of them."""
    values: Values = {}
    for (method, weights), part in table[table["scored"]].groupby(["method", "weights"], sort=False):
        heats = maps.read(Path(part["path"].iloc[0]), part["map"].to_numpy(np.int64))
        found: dict[str, dict[str, Mapping[str, float]]] = {}
        for image, task, heat in zip(part["image_id"], part["task"], heats, strict=True):
            if (image, task) in target.truth:
                found.setdefault(task, {})[image] = score(heat, target.truth[image, task])
        for task, scores in found.items():
            if _patients(scores, target) >= study.minimum(target.name):
                for name in MEASURES:
                    values[task, method, weights, name] = _mean_of_images(scores, name, task, target)
        tasks = [task for task in found if (task, method, weights, MEASURES[0]) in values]
        for name in MEASURES if tasks else ():
            parts = [values[task, method, weights, name] for task in tasks]
            values[MEAN_OF_TASKS, method, weights, name] = _mean(parts)
    return values


def _mean_of_images(scores: Mapping[str, Mapping[str, float]], name: str, task: str, target: Target) -> Value:
    images = list(scores)
    found = np.array([scores[image][name] for image in images])
    rows = [target.images[image] for image in images]
    sums = weighted_sums(target.weights[:, rows], np.column_stack([found, np.ones(len(images))]))
    with np.errstate(invalid="ignore"):
        drawn = sums[:, 0] / sums[:, 1]
    return Value(
        single(float(found.mean()), *interval(found, target.patients[rows]), drawn),
        float(np.mean([scores[image][f"{name}_chance"] for image in images])),
        float(np.mean([target.centre[image, task][name] for image in images])),
        frozenset(images),
    )


def _mean(parts: Sequence[Value]) -> Value:
    chance, centre = (float(np.mean([getattr(part, name) for part in parts])) for name in ("chance", "centre"))
    images = frozenset().union(*(part.images for part in parts))
    return Value(mean_of([part.score for part in parts]), chance, centre, images)


def _rows(
    asked: MeasureLocalisation,
    trained: ModelKey,
    target: Target,
    known: tuple[frozenset[str], frozenset[str]],
    found: Values,
    own: Values,
    refused: bool,
) -> Iterator[dict[str, Any]]:
    """Yield a row for every task, method, kind of weights and measure of a cell, with a number or a reason.

    ``known`` are the tasks that the model knows, and those whose outputs are not numbers.
    """
    names = {"model": trained.model, "source": trained.source, "target": target.name}
    for key in itertools.product(
        [*asked.attribution.tasks, MEAN_OF_TASKS], asked.attribution.methods, (TRAINED, RANDOM), MEASURES
    ):
        row: dict[str, Any] = names | dict(zip(("task", "method", "weights", "measure"), key, strict=True))
        if reason := _reason(key[0], key in found, known, target, refused):
            yield row | {"tasks": 0, "images": 0, "patients": 0, "reason": reason}
        else:
            row["tasks"] = len(_tasks_behind(key, found))
            difference = _difference(found, own, key)
            row |= _numbers(found[key], target)
            yield row | (difference.with_interval("difference") if difference else {})


def _tasks_behind(key: Key, found: Values) -> list[str]:
    """Return the task of a row, or those that its mean is over."""
    return [
        task
        for task, *rest in found
        if tuple(rest) == key[1:] and task != MEAN_OF_TASKS and key[0] in (MEAN_OF_TASKS, task)
    ]


def _reason(
    task: str, measured: bool, known: tuple[frozenset[str], frozenset[str]], target: Target, refused: bool
) -> str | None:
    learnt, diverged = known
    if task == MEAN_OF_TASKS:
        return reasons.why_not(diverged=bool(diverged) and not learnt, overlap=refused, enough=measured)
    return reasons.why_not(
        labelled=task in target.labelled,
        diverged=task in diverged,
        trained=task in learnt,
        overlap=refused,
        enough=measured,
    )


def _numbers(value: Value, target: Target) -> dict[str, Any]:
    row: dict[str, Any] = {"images": len(value.images), "patients": _patients(value.images, target), "reason": None}
    return row | _beside_chance(value)


def _patients(images: Iterable[str], target: Target) -> int:
    """Count whose images these are."""
    return len(set(target.patients[[target.images[image] for image in images]]))


def _beside_chance(value: Value) -> dict[str, float]:
    """Return the score, and how many times that of chance it is, on these very regions."""
    row = value.score.with_interval("score") | {"chance": value.chance, "centre": value.centre}
    factor, low, high = (end / value.chance for end in (value.score.value, *value.score.interval))
    return row | with_limits("factor", (factor, low, high))


def _difference(found: Values, own: Values, key: Key) -> Mean | None:
    """Compare with the target's own model on the same images, over the tasks that both have; None without one."""
    tasks = [task for task in _tasks_behind(key, found) if (task, *key[1:]) in own]
    if not tasks:
        return None
    here, there = (_mean([values[task, *key[1:]] for task in tasks]) for values in (found, own))
    return here.score - there.score


def _summary(asked: MeasureLocalisation, cells: Mapping[tuple[ModelKey, str], Values]) -> Iterator[dict[str, Any]]:
    """Yield means over internal and over external pairs, with equal weights."""
    methods = asked.attribution.methods
    for model in asked.models:
        for method, weights, name, place in itertools.product(methods, (TRAINED, RANDOM), MEASURES, (HOME, AWAY)):
            key = (MEAN_OF_TASKS, method, weights, name)
            pairs = [
                (values, cells.get((ModelKey(model, target), target), {}))
                for (trained, target), values in cells.items()
                if trained.model == model
                and key in values
                and (target in asked.members[trained.source]) == (place == HOME)
            ]
            row: dict[str, Any] = {"model": model, "method": method, "weights": weights, "measure": name}
            row |= {"place": place, "pairs": len(pairs)}
            if pairs:
                row |= _beside_chance(_mean([values[key] for values, _ in pairs]))
            compared = [found for values, own in pairs if (found := _difference(values, own, key))]
            yield row | (mean_of(compared).with_interval("difference") if place == AWAY and compared else {})
