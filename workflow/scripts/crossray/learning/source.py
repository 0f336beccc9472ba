"""What a model learns from: training and validation images of one or several data sets, and the tasks they label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest
from crossray.errors import UserError
from crossray.learning.batches import Examples
from crossray.seeds import derived_seed
from crossray.shards import ImageStore, JoinedStores, with_rows
from crossray.study.names import MULTICLASS
from crossray.study.training import TrainingRun


@dataclass(frozen=True)
class Source:
    """Images to learn from, the tasks that can be learnt from them, and a note for each that cannot."""

    datasets: list[str]
    tasks: list[str]
    notes: list[str]
    training: Examples
    validation: Examples


def load_source(
    manifests: Sequence[Path], indexes: Sequence[Path], settings: TrainingRun, reading: str = "mapped"
) -> Source:
    """Load a source.

    Args:
        manifests: of the data sets that the source consists of.
        indexes: their indexes of shards, in the same order.
        settings: tasks, of which those without a positive or a negative in the training split are not learnt;
            objective, by which tasks may be classes, and images of a class that is not learnt are left out; images, how
            many to learn from at most, and seed, which draws them.
        reading: how pixels are read (:class:`crossray.shards.ImageStore`).

    Raises:
        UserError: if a shard is damaged, a split is empty, or no task can be learnt.
    """
    tasks = settings.tasks
    stores = [ImageStore(index, reading) for index in indexes]
    for store in stores:
        store.check()
    pixels = JoinedStores(stores)
    splits = _pooled(manifests, stores, pixels.starts, tasks)
    where = ", ".join(map(str, manifests))
    for split, rows in splits.items():
        if rows.empty:
            raise UserError(f"{where}: no image in the split {split}; a source needs some, raise its share")
    whole = len(splits["train"])
    splits["train"] = _first_patients(splits["train"], settings.images, settings.seed)
    learnt, notes = _learnable(splits, tasks)
    if not learnt:
        raise UserError(f"{where}: no task can be learnt: {'; '.join(notes)}")
    if settings.objective == MULTICLASS:
        splits, left_out = _of_classes(splits, learnt, where)
        notes += left_out
    training, validation = (
        Examples(pixels, rows["row"].to_numpy(), rows[learnt].to_numpy(np.float32), rows["dataset"].to_numpy())
        for rows in splits.values()
    )
    training = replace(training, epoch=whole)
    return Source([store.dataset for store in stores], learnt, notes, training, validation)


def _pooled(
    manifests: Sequence[Path], stores: Sequence[ImageStore], starts: NDArray, tasks: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return the images of each split: row in the joined stores, number of the data set, one column a task."""
    splits: dict[str, list[pd.DataFrame]] = {"train": [], "validation": []}
    for number, (path, store) in enumerate(zip(manifests, stores, strict=True)):
        table = manifest.read(path)
        for split, parts in splits.items():
            rows = with_rows(table, store, split)
            placed = rows.assign(row=rows["row"] + starts[number], dataset=number)
            labels = [task for task in tasks if task in table]
            parts.append(placed.reindex(columns=["row", "dataset", "patient_id", *labels]))
    return {split: pd.concat(parts, ignore_index=True) for split, parts in splits.items()}


def _first_patients(rows: pd.DataFrame, images: int | None, seed: int) -> pd.DataFrame:
    """Keep whole patients, in an order that is theirs whatever else is there, as long as their images fit."""
    if images is None or images >= len(rows):
        return rows
    patients = rows["dataset"].astype(str) + "/" + rows["patient_id"]
    places = {name: derived_seed(seed, "patients", name) for name in patients.unique()}
    counts = patients.value_counts()
    ordered = counts.loc[sorted(places, key=places.__getitem__)].cumsum()
    return rows[patients.isin(ordered.index[ordered <= images])].reset_index(drop=True)


def _learnable(splits: Mapping[str, pd.DataFrame], tasks: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the tasks that can be learnt, and what there is to say of the others."""
    learnt, notes = [], []
    for task in tasks:
        if task not in splits["train"]:
            notes.append(f"{task}: not labelled here")
        elif splits["train"][task].nunique() < 2:
            notes.append(f"{task}: no positive or no negative in the training split, not trained")
        else:
            learnt.append(task)
            if splits["validation"][task].nunique() < 2:
                notes.append(f"{task}: no positive or no negative in the validation split, does not choose the epoch")
    return learnt, notes


def _of_classes(
    splits: Mapping[str, pd.DataFrame], classes: list[str], where: str
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the images of each split that are of one of the classes, and what there is to say of the others.

    A class that one of several data sets does not label is none of its images' class.

    Raises:
        UserError: if there is only one class, or no image of one in a split.
    """
    if len(classes) < 2:
        raise UserError(f"{where}: the training split has images of one class alone ({classes[0]}); it takes two")
    kept, notes = {}, []
    for split, rows in splits.items():
        known = (rows[classes] == 1).any(axis=1)
        if not known.any():
            raise UserError(f"{where}: no image of a class that is learnt in the split {split}")
        if (~known).any():
            notes.append(f"{int((~known).sum())} images of the {split} split are of other classes, or of none known")
        kept[split] = rows[known].fillna(dict.fromkeys(classes, 0.0)).reset_index(drop=True)
    return kept, notes
