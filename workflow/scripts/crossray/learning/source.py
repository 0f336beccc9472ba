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
    manifests: Sequence[Path], indexes: Sequence[Path], tasks: Sequence[str], reading: str = "mapped"
) -> Source:
    """Load a source.

    Args:
        manifests: of the data sets that the source consists of.
        indexes: their indexes of shards, in the same order.
        tasks: the study's tasks; those without a positive or a negative in the training split are not learnt.
        reading: how pixels are read (:class:`crossray.shards.ImageStore`).

    Raises:
        UserError: if a shard is damaged, a split is empty, or no task can be learnt.
    """
    stores = [ImageStore(index, reading) for index in indexes]
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
