"""A model's training data: training and validation images of one or several data sets, and the tasks they label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest
from crossray.errors import UserError
from crossray.learning.batches import Examples
from crossray.learning.learnable import first_patients, learnable, of_classes, too_few_patients
from crossray.shards import ImageStore, JoinedStores, RowIndex, RowStore, with_rows
from crossray.study.names import MULTICLASS


class Learning(Protocol):
    """The settings that decide what is learnt from."""

    @property
    def tasks(self) -> Sequence[str]:
        """Tasks to learn, as far as the data sets label them."""

    @property
    def objective(self) -> str:
        """Type of the tasks."""

    @property
    def images(self) -> int | None:
        """Maximum number of training images."""

    @property
    def seed(self) -> int:
        """Seed of their draw."""


@dataclass(frozen=True)
class Source:
    """Images to learn from, the tasks that can be learnt from them, and a note for each that cannot."""

    datasets: list[str]
    tasks: list[str]
    notes: list[str]
    training: Examples
    validation: Examples


def load_source(
    manifests: Sequence[Path], indexes: Sequence[Path], settings: Learning, reading: str = "mapped"
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
    stores = [ImageStore(index, reading) for index in indexes]
    for store in stores:
        store.check()
    joined = JoinedStores(stores)
    return assembled(manifests, stores, joined, joined.starts, settings)


def assembled(
    manifests: Sequence[Path], stores: Sequence[RowIndex], joined: RowStore, starts: NDArray, settings: Learning
) -> Source:
    """Assemble a source of what is there of its images.

    Args:
        manifests: of the data sets that the source consists of.
        stores: what has something of their images, in the same order.
        joined: the same as one.
        starts: row in it with which each begins.
        settings: as of :func:`load_source`.

    Raises:
        UserError: if a split is empty, or no task can be learnt.
    """
    tasks = settings.tasks
    splits = _pooled(manifests, stores, starts, tasks)
    where = ", ".join(map(str, manifests))
    for split, rows in splits.items():
        if rows.empty:
            cause = too_few_patients(pd.concat(splits.values())) or "a source needs some, raise its share"
            raise UserError(f"{where}: no image in the split {split}; {cause}")
    whole = len(splits["train"])
    splits["train"] = first_patients(splits["train"], settings.images, settings.seed)
    learnt, notes = learnable(splits, tasks)
    if not learnt:
        raise UserError(f"{where}: no task can be learnt: {'; '.join(notes)}")
    if settings.objective == MULTICLASS:
        splits, left_out = of_classes(splits, learnt, where)
        notes += left_out
    training, validation = (
        Examples(joined, rows["row"].to_numpy(), rows[learnt].to_numpy(np.float32), rows["dataset"].to_numpy())
        for rows in splits.values()
    )
    training = replace(training, epoch=whole)
    return Source([store.dataset for store in stores], learnt, notes, training, validation)


def _pooled(
    manifests: Sequence[Path], stores: Sequence[RowIndex], starts: NDArray, tasks: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return the images of each split: row in the joined stores, number of the data set, one column per task."""
    splits: dict[str, list[pd.DataFrame]] = {"train": [], "validation": []}
    for number, (path, store) in enumerate(zip(manifests, stores, strict=True)):
        table = manifest.read(path)
        for split, parts in splits.items():
            rows = with_rows(table, store, split)
            placed = rows.assign(row=rows["row"] + starts[number], dataset=number)
            labels = [task for task in tasks if task in table]
            parts.append(placed.reindex(columns=["row", "dataset", "patient_id", *labels]))
    return {split: pd.concat(parts, ignore_index=True) for split, parts in splits.items()}
