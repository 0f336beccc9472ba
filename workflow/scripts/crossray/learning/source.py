"""What a model learns from: the training and validation images of a source, and the tasks that it labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crossray import manifest
from crossray.errors import UserError
from crossray.learning.batches import Examples
from crossray.shards import ImageStore, with_rows


@dataclass(frozen=True)
class Source:
    """A source, with the tasks that can be learnt there and a note for each that cannot."""

    name: str
    tasks: list[str]
    notes: list[str]
    training: Examples
    validation: Examples


def load_source(manifest_path: Path, index: Path, tasks: Sequence[str]) -> Source:
    """Load a source.

    Args:
        manifest_path: the source's manifest.
        index: the source's index of shards.
        tasks: the study's tasks; those without a positive or a negative in the training split are not learnt.

    Raises:
        UserError: if a split is empty, or no task can be learnt.
    """
    table, store = manifest.read(manifest_path), ImageStore(index)
    splits = {split: with_rows(table, store, split) for split in ("train", "validation")}
    for split, rows in splits.items():
        if rows.empty:
            raise UserError(f"{manifest_path}: no image in the split {split}; a source needs some, raise its share")
    learnt, notes = [], []
    for task in tasks:
        if task not in table:
            notes.append(f"{task}: not labelled here")
        elif splits["train"][task].nunique() < 2:
            notes.append(f"{task}: no positive or no negative in the training split, not trained")
        else:
            learnt.append(task)
            if splits["validation"][task].nunique() < 2:
                notes.append(f"{task}: no positive or no negative in the validation split, does not choose the epoch")
    if not learnt:
        raise UserError(f"{manifest_path}: no task can be learnt: {'; '.join(notes)}")
    training, validation = (
        Examples(store, rows["row"].to_numpy(), rows[learnt].to_numpy(np.float32)) for rows in splits.values()
    )
    return Source(store.dataset, learnt, notes, training, validation)
