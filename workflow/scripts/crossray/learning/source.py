"""What a model learns from: training and validation images of one or several data sets, and the tasks they label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest
from crossray.errors import UserError
from crossray.learning.batches import Examples
from crossray.settings import MULTICLASS, MULTILABEL
from crossray.shards import ImageStore, JoinedStores, with_rows


@dataclass(frozen=True)
class Source:
    """Images to learn from, the tasks that can be learnt from them, and a note for each that cannot."""

    datasets: list[str]
    tasks: list[str]
    notes: list[str]
    training: Examples
    validation: Examples


def load_source(
    manifests: Sequence[Path], indexes: Sequence[Path], tasks: Sequence[str], objective: str = MULTILABEL
) -> Source:
    """Load a source.

    Args:
        manifests: of the data sets that the source consists of.
        indexes: their indexes of shards, in the same order.
        tasks: the model's tasks; those without a positive or a negative in the training split are not learnt.
        objective: where it is ``multiclass``, tasks are classes, and images of a class that is not learnt are left out.

    Raises:
        UserError: if a shard is damaged, a split is empty, or no task can be learnt.
    """
    stores = [ImageStore(index) for index in indexes]
    for store in stores:
        store.check()
    pixels = JoinedStores(stores)
    splits = _pooled(manifests, stores, pixels.starts, tasks)
    where = ", ".join(map(str, manifests))
    for split, rows in splits.items():
        if rows.empty:
            raise UserError(f"{where}: no image in the split {split}; a source needs some, raise its share")
    learnt, notes = _learnable(splits, tasks)
    if not learnt:
        raise UserError(f"{where}: no task can be learnt: {'; '.join(notes)}")
    if objective == MULTICLASS:
        splits, left_out = _of_classes(splits, learnt, where)
        notes += left_out
    training, validation = (
        Examples(pixels, rows["row"].to_numpy(), rows[learnt].to_numpy(np.float32), rows["dataset"].to_numpy())
        for rows in splits.values()
    )
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
            parts.append(placed.reindex(columns=["row", "dataset", *(task for task in tasks if task in table)]))
    return {split: pd.concat(parts, ignore_index=True) for split, parts in splits.items()}


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
