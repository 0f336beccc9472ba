"""Raw releases become manifests: one reader for each kind of data set, found by name in one registry.

A reader is a module with the functions of :class:`Reader`. The workflow calls ``locate`` and ``count_images`` while it
plans, so readers import pandas and the like only inside ``read``.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

#: reader name -> module
READERS = {
    "simulated": "crossray.datasets.simulated",
    "table": "crossray.datasets.table",
}


@dataclass(frozen=True)
class Release:
    """Where a release lies: the folder that image paths start from, and the table with its labels."""

    root: str
    table: str


class Reader(Protocol):
    """What the module of a reader offers; ``SETTINGS`` names the settings that decide what ``read`` returns."""

    SETTINGS: tuple[str, ...]

    def locate(self, dataset: str, settings: Mapping[str, Any]) -> Release:
        """Say where the release lies, without opening it."""

    def count_images(self, release: Release, settings: Mapping[str, Any]) -> int:
        """Estimate the number of images, cheaply; decides the default number of shards."""

    def read(self, release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
        """Read the release.

        Returns:
            The columns of a manifest (:mod:`crossray.manifest`) but for ``split``, which is there only where the
            release brings its own; then one label column a task.

        Raises:
            UserError: if the table does not fit the settings; the message names file, row and value.
        """


def find_reader(name: str) -> Reader:
    """Return the reader that is registered under ``name``.

    Raises:
        UserError: if there is none; the message lists those that there are.
    """
    if name not in READERS:
        raise UserError(f"reader {name!r} is not known; allowed are {', '.join(READERS)}")
    return cast("Reader", importlib.import_module(READERS[name]))
