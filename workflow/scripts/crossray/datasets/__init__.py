"""Raw releases become manifests: one reader for each kind of data set, found by name in one registry.

A reader is a module with the names of :class:`Reader`. The workflow calls ``locate`` and ``count_images`` while it
plans, so readers import pandas and the like only inside the functions that read.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from crossray.datasets.reading import KeptImages, Reading
from crossray.errors import UserError
from crossray.study.base import Settings

if TYPE_CHECKING:
    import pandas

#: reader name -> module
READERS = {
    "simulated": "crossray.datasets.simulated",
    "table": "crossray.datasets.table",
    "folder": "crossray.datasets.folder",
    "dicomweb": "crossray.datasets.dicomweb",
    "dimse": "crossray.datasets.dimse",
    "bundle": "crossray.datasets.bundle",
    "nih": "crossray.datasets.nih",
    "nih_google": "crossray.datasets.nih_google",
    "rsna": "crossray.datasets.rsna",
    "siim": "crossray.datasets.siim",
    "padchest": "crossray.datasets.padchest",
    "chexpert": "crossray.datasets.chexpert",
    "mimic_cxr": "crossray.datasets.mimic_cxr",
    "openi": "crossray.datasets.openi",
    "vindr": "crossray.datasets.vindr",
    "brax": "crossray.datasets.brax",
    "montgomery": "crossray.datasets.montgomery",
    "shenzhen": "crossray.datasets.shenzhen",
    "object_cxr": "crossray.datasets.object_cxr",
    "digits": "crossray.datasets.digits",
    "cifar10": "crossray.datasets.cifar10",
    "cifar100": "crossray.datasets.cifar100",
}

#: reader of an archive's images -> the module that reaches the archive, with a function ``connect``
TRANSPORTS = {
    "dicomweb": "crossray.datasets.pacs.transport.web",
    "dimse": "crossray.datasets.pacs.transport.dimse",
}


@dataclass(frozen=True)
class Release:
    """Where a release lies: the folder that image paths start from, and the tables that its reader needs, in order."""

    root: str
    tables: tuple[str, ...]


class Reader(Protocol):
    """What the module of a reader offers."""

    #: what the configuration may set of such a data set, beside what it may of all
    Options: type[Settings]
    #: the settings, beside those of a policy, that decide what ``read`` returns
    SETTINGS: tuple[str, ...]
    #: settings of ``read``
    ReadSettings: type[Reading]
    #: named label policies; a setting that the configuration gives itself overrides the policy's
    POLICIES: Mapping[str, Mapping[str, Any]]
    #: whose patients these are; readers with the same cohort speak of the same people by the same ``patient_id``.
    #: None: nobody else's
    COHORT: str | None

    def locate(self, dataset: str, settings: Settings) -> Release:
        """Say where the release lies, without opening it.

        Raises:
            UserError: if a folder or table is not there; the message names the setting.
        """

    def count_images(self, release: Release, settings: Settings) -> int:
        """Estimate the number of images, cheaply; decides the default number of shards."""

    def read(self, release: Release, settings: Reading) -> KeptImages:
        """Read the release.

        Args:
            release: what ``locate`` returned.
            settings: of the reader (:func:`crossray.datasets.configured.with_policy`).

        Returns:
            The columns of a manifest (:mod:`crossray.manifest`) but for ``split``, which is there only where the
            release brings its own, and missing where that leaves open whether it is for training or validation; then
            one label column a task. Beside them the counts of images that the policy does not keep.

        Raises:
            UserError: if the table does not fit the settings; the message names file, row and value.
        """


class Locator(Protocol):
    """What the module of a reader offers too where releases say where findings are."""

    def locate_places(self, dataset: str, settings: Settings) -> tuple[str, ...]:
        """Return the tables that say so, without opening them; none where this release has none."""

    def read_places(self, release: Release) -> "pandas.DataFrame":
        """Read them.

        Args:
            release: the root of the images, and what ``locate_places`` returned.

        Returns:
            A table as of :mod:`crossray.datasets.annotations`.

        Raises:
            UserError: if a table is not as released; the message names file, row and column.
        """


class Described(Protocol):
    """What the module of a reader offers too whose release has a table of images with more columns than are read."""

    #: its place among the tables of the release
    TABLE_OF_IMAGES: int

    def image_ids(self, rows: "pandas.DataFrame") -> "pandas.Series":
        """Return the ``image_id`` that each row is about; an image may have several rows.

        Args:
            rows: that table as text, which the reader has read before.
        """


class Archived(Protocol):
    """What the module of a reader offers in place of ``locate`` whose images an archive has.

    What reaches the archive is found by the name of the reader (:data:`TRANSPORTS`), so that its code decides no
    result.
    """

    #: how the archive is reached, a part of the settings of the data set
    Connection: type[Settings]

    def locate_in(self, private: str, dataset: str, settings: Settings) -> Release:
        """Return where the stages put what the archive sends; see :func:`crossray.datasets.pacs.reading.locate_in`."""


class Unpacker(Protocol):
    """What the module of a reader offers too whose release is no image files."""

    #: settings of ``unpack``
    Unpacking: type[Settings]

    def unpack(self, root: Path, settings: Settings, folder: Path) -> "pandas.DataFrame":
        """Write the images as PNG files; see :func:`crossray.datasets.digits.unpack`."""


class Previewer(Protocol):
    """What the module of a reader offers too whose release the workflow itself makes, and which is known before."""

    def preview(self, dataset: str, settings: Settings, folder: Path) -> Release:
        """Write the tables that the release will have into a folder, without any image."""


def find_previewer(name: str) -> Previewer | None:
    """Return the reader that is registered under ``name`` if it is a previewer."""
    reader = find_reader(name)
    return cast("Previewer", reader) if hasattr(reader, "preview") else None


def find_described(name: str) -> Described | None:
    """Return the reader that is registered under ``name`` if its release has a table of images."""
    reader = find_reader(name)
    return cast("Described", reader) if hasattr(reader, "image_ids") else None


def find_archived(name: str) -> Archived | None:
    """Return the reader that is registered under ``name`` if an archive has its images."""
    return cast("Archived", find_reader(name)) if name in TRANSPORTS else None


def find_unpacker(name: str) -> Unpacker:
    """Return the reader that is registered under ``name``, which must be an unpacker."""
    return cast("Unpacker", find_reader(name))


def find_locator(name: str) -> Locator:
    """Return the reader that is registered under ``name``, which must be a locator.

    Raises:
        UserError: if there is none, or it knows no places.
    """
    reader = find_reader(name)
    if not hasattr(reader, "locate_places"):
        raise UserError(f"reader {name!r} knows no places of findings")
    return cast("Locator", reader)


def find_reader(name: str) -> Reader:
    """Return the reader that is registered under ``name``.

    Raises:
        UserError: if there is none; the message lists those that there are.
    """
    if name not in READERS:
        raise UserError(f"unknown reader {name!r}; allowed are {', '.join(READERS)}")
    return cast("Reader", importlib.import_module(READERS[name]))
