"""A data set that a model is applied to."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from crossray import manifest
from crossray.shards import ImageStore, read_index


class Target:
    """A data set to predict: its manifest, and its images, which are opened and checked when they are first needed.

    Args:
        table: the manifest of the data set in a study.
        index: the index of its shards.

    Attributes:
        table: the manifest.
        name: of the data set.
    """

    def __init__(self, table: Path, index: Path) -> None:
        facts = read_index(index)
        self._index = index
        self._digests: Sequence[str] = [entry["sha256"] for entry in facts["shards"]]
        self.table = manifest.read(table)
        self.name: str = facts["dataset"]

    @cached_property
    def store(self) -> ImageStore:
        """The images, compared with their digests.

        Raises:
            UserError: if a shard was damaged since it was written.
        """
        store = ImageStore(self._index)
        store.check()
        return store

    def key(self, *splits: str) -> list[str]:
        """Return what results for the images of these splits follow from: pixels, and which patients' they are."""
        rows = self.table[self.table["split"].isin(splits)]
        return [*self._digests, *rows["image_id"], *rows["split"], *rows["patient_id"]]
