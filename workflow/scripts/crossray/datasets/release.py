"""What every release has: a folder, tables in it, image files; and what is said when one of them is not as released."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossray import own_files
from crossray.datasets import Release
from crossray.datasets.listing import is_litter
from crossray.datasets.options import Released
from crossray.datasets.sheets import count_rows as count_table_rows
from crossray.errors import UserError, named, quoted
from crossray.paths import first_explained, is_file, outside, why_missing
from crossray.study.base import Settings

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: folder of the label tables that come with CrossRay, from the repository's root, where programs run: a path without a
#: machine in it, so that a checkout that is moved reruns nothing
RESOURCES = own_files.home() / "resources/labels"


def find_root(dataset: str, folder: str) -> Path:
    """Return the folder of a release, the setting ``root``.

    Raises:
        UserError: if it is not there.
    """
    root = Path(folder)
    if root.is_file():
        raise UserError(
            f"datasets.{dataset}.root: {str(root)!r} is a file, not a folder; set it to the folder that images and "
            "tables lie in, an archive unpacked"
        )
    if not root.is_dir():
        raise UserError(
            f"datasets.{dataset}.root: no folder {str(root)!r}; {_explained(Path(root.anchor), root)}set it to where "
            "the release lies"
        )
    return root


def _explained(root: Path, path: Path | str) -> str:
    """Return why a path may not be found, to stand before an advice; nothing where there is nothing to say."""
    words = why_missing(root, str(path).removeprefix(root.anchor))
    return f"{words}. Or else " if words else ""


def find_table(dataset: str, folder: str, name: str | None, names: Sequence[str], key: str = "table") -> str:
    """Return the path of a table: what the setting ``key`` names, or the first of its released names that is there.

    Args:
        dataset: name of the data set, for messages.
        folder: the setting ``root``.
        name: the setting ``key``, if it is given.
        names: as released; each may also end in ``.gz``.
        key: the setting, for messages.

    Raises:
        UserError: if there is none; the message says what was looked for and what is there instead.
    """
    root = find_root(dataset, folder)
    if name is not None:
        if (root / name).is_dir():
            raise UserError(
                f"datasets.{dataset}.{key}: {str(root / name)!r} is a folder, not a file; name the file in it"
            )
        if not (root / name).is_file():
            raise UserError(
                f"datasets.{dataset}.{key}: no file {str(root / name)!r}; "
                f"{_explained(root, name)}the path is taken from root"
            )
        return str(root / name)
    for released in names:
        for candidate in (root / released, root / f"{released}.gz"):
            if candidate.is_file():
                return str(candidate)
    found = sorted(path.name for path in root.iterdir() if not is_litter(path.name))
    raise UserError(
        f"datasets.{dataset}.root: {str(root)!r} has no {' or '.join(names)}, as the release has; it holds "
        f"{named(found, 'files and folders') if found else 'nothing'}. Set root to the folder as released, or {key} to "
        "the file"
    )


def locate_tables(dataset: str, settings: Released, names: Sequence[str]) -> Release:
    """Locate a release with one table, which has one of these names."""
    table = find_table(dataset, settings.root, settings.table, names)
    return Release(str(find_root(dataset, settings.root)), (table,))


def tables_there(root: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the first of these tables that is in a folder, or none."""
    return tuple(str(Path(root, name)) for name in names if Path(root, name).is_file())[:1]


def labels_table(dataset: str, synonyms: str | None, default: str) -> str:
    """Return the path of the table from words of the release to tasks: the setting ``synonyms``, or CrossRay's own.

    Raises:
        UserError: if the file that the setting names is not there.
    """
    path = Path(synonyms or RESOURCES / default)
    if not path.is_file():
        raise UserError(f"datasets.{dataset}.synonyms: no file {str(path)!r}")
    return str(path)


def count_rows(release: Release, settings: Settings) -> int:
    """See ``count_images`` of :class:`crossray.datasets.Reader`: one row of the first table an image."""
    return count_table_rows(release.tables[0])


def check_images(root: str, paths: "pandas.Series", max_missing: float, layout: str | None = None) -> None:
    """Check that the images which a table names are there.

    Those that are missing, if they are few, stay in the manifest and end in ``rejected.csv``.

    Args:
        root: the folder that paths start from.
        paths: one an image.
        max_missing: the largest share that may be missing.
        layout: for a release that everybody knows, the path of one image as released. Without it the message names
            no file and no folder, as a hospital's may carry names of patients.

    Raises:
        UserError: if more are missing; the message says how many, what was expected, what is there, and where one of
            them lies if the release was unpacked at another depth.
    """
    missing = [path for path in paths if not is_file(Path(root), path)]
    if not missing:
        return
    words = first_explained(Path(root), missing)
    explained = f" One is missing because {words}." if words else ""
    log.warning("%d of %d images are missing.%s", len(missing), len(paths), explained)
    if len(missing) <= max_missing * len(paths):
        return
    counts = f"{len(missing)} of {len(paths)} images are missing, more than max_missing = {max_missing:g} allows"
    if layout is None:
        row = paths.index[paths == missing[0]][0] + 2
        raise UserError(
            f"{root}: {counts}; the first is that of row {row}.{explained} Paths are taken from this folder: mend "
            "root, or the paths in the table"
        )
    here = (path for path in Path(root).iterdir() if not is_litter(path.name))
    there = sorted(path.name + ("/" if path.is_dir() else "") for path in here)
    raise UserError(
        f"{root}: {counts}.{explained} Expected files such as {layout} here, found "
        f"{named(there, 'files and folders', 8)}. " + _advice(root, missing[0])
    )


def check_inside(dataset: str, root: str, paths: "pandas.Series") -> None:
    """Check that no image of a release lies outside its folder, links resolved.

    Args:
        dataset: its name, for the message.
        root: the folder that paths start from.
        paths: one an image, by rows as in a spreadsheet less 2.

    Raises:
        UserError: if some do; a table or a link must not lead to files that nobody meant.
    """
    leaving = outside(Path(root), paths)
    if leaving:
        place = quoted(leaving[0], f"that of row {paths.index[paths == leaving[0]][0] + 2}")
        raise UserError(
            f"{root}: {len(leaving)} of {len(paths)} images lie outside this folder, by their path or a link, the "
            f"first is {place}; mend the paths, set root to the folder that has all of them, or, if you mean it, set "
            f"datasets.{dataset}.outside_root: allow"
        )


def _advice(root: str, path: str) -> str:
    """Look for a missing file one or two folders deeper, and one folder up; only for releases known to everybody."""
    for pattern in ("*", "*/*"):
        for folder in sorted(Path(root).glob(pattern)):
            if folder.is_dir() and (folder / path).is_file():
                return f"They lie one level deeper: set root to {quoted(folder, 'the folder that holds them')}"
    if Path(root, "..", path).is_file():
        return f"They lie one level higher: set root to {str(Path(root).resolve().parent)!r}"
    return "Unpack all archives of the release here, or raise max_missing to work with a part of it"
