"""What every release has: a folder, tables in it, image files; and what is said when one of them is not as released."""

import gzip
import logging
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.errors import UserError, listed

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".dcm", ".dicom", ".png", ".jpg", ".jpeg")

#: folder of the label tables that come with CrossRay, from the repository's root, where programs run: a path without a
#: machine in it, so that a checkout that is moved reruns nothing
RESOURCES = Path("resources/labels")


def find_root(dataset: str, settings: Mapping[str, Any]) -> Path:
    """Return the folder of a release.

    Raises:
        UserError: if it is not there.
    """
    root = Path(settings["root"])
    if not root.is_dir():
        raise UserError(f"datasets.{dataset}.root: no folder {str(root)!r}; set it to where the release lies")
    return root


def find_table(dataset: str, settings: Mapping[str, Any], names: Sequence[str], key: str = "table") -> str:
    """Return the path of a table: the setting ``key``, or the first of its released ``names`` that is there.

    Each name may also end in ``.gz``.

    Raises:
        UserError: if there is none; the message says what was looked for and what is there instead.
    """
    root = find_root(dataset, settings)
    if key in settings:
        if not (root / settings[key]).is_file():
            raise UserError(
                f"datasets.{dataset}.{key}: no file {str(root / settings[key])!r}; the path is taken from root"
            )
        return str(root / settings[key])
    for name in names:
        for candidate in (root / name, root / f"{name}.gz"):
            if candidate.is_file():
                return str(candidate)
    found = sorted(path.name for path in root.iterdir())
    raise UserError(
        f"datasets.{dataset}.root: {str(root)!r} has no {' or '.join(names)}, as the release has; it holds "
        f"{listed(found) if found else 'nothing'}. Set root to the folder as released, or {key} to the file"
    )


def locate_tables(dataset: str, settings: Mapping[str, Any], names: Sequence[str]) -> Release:
    """Locate a release with one table, which has one of these names."""
    return Release(str(find_root(dataset, settings)), (find_table(dataset, settings, names),))


def tables_there(root: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the first of these tables that is in a folder, or none."""
    return tuple(str(Path(root, name)) for name in names if Path(root, name).is_file())[:1]


def labels_table(dataset: str, settings: Mapping[str, Any], default: str) -> str:
    """Return the path of the table from words of the release to tasks: the setting ``synonyms``, or CrossRay's own.

    Raises:
        UserError: if the file that the setting names is not there.
    """
    path = Path(settings.get("synonyms") or RESOURCES / default)
    if not path.is_file():
        raise UserError(f"datasets.{dataset}.synonyms: no file {str(path)!r}")
    return str(path)


def count_rows(release: Release, settings: Mapping[str, Any]) -> int:
    """See ``count_images`` of :class:`crossray.datasets.Reader`: one row of the first table an image."""
    return count_lines(release.tables[0])


def count_lines(path: str) -> int:
    """Count the rows of a table: the lines below its header, or what a Parquet file says of itself."""
    suffix = Path(path).suffix
    if suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_metadata(path).num_rows
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as lines:
            return max(sum(1 for _ in lines) - 1, 0)
    with gzip.open(path) if suffix == ".gz" else Path(path).open("rb") as lines:
        return max(sum(1 for _ in lines) - 1, 0)


def read_csv(path: str, columns: Sequence[str] = ()) -> "pandas.DataFrame":
    """Read a table as text: no value is guessed, an empty cell is the empty string.

    Args:
        path: a CSV file in UTF-8, perhaps compressed (gz, zip), or a Parquet file.
        columns: those that must be there.

    Raises:
        UserError: if the file is not such a table, has no rows, or lacks a column.
    """
    import pandas as pd
    import pyarrow

    broken = (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, EOFError, zlib.error)
    try:
        if Path(path).suffix == ".parquet":
            table = _as_text(pd.read_parquet(path))
        else:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (*broken, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: not a readable CSV file in UTF-8 ({type(error).__name__})") from error
    except pyarrow.ArrowInvalid as error:
        raise UserError(f"{path}: not a readable Parquet file") from error
    table.columns = [str(name).strip() for name in table.columns]
    missing = [name for name in columns if name not in table]
    if missing:
        raise UserError(
            f"{path}: no column {listed(missing)}; the columns are {', '.join(table.columns)}. Is it another table, or "
            "another version of it?"
        )
    if table.empty:
        raise UserError(f"{path}: has a header but no rows")
    return table


def _as_text(table: "pandas.DataFrame") -> "pandas.DataFrame":
    import pandas as pd

    def text(value: object) -> str:
        if pd.isna(value):
            return ""
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    return table.map(text)


def find_images(root: str) -> dict[str, str]:
    """Return the image files anywhere below a folder, file name -> path from the folder; the first by path counts."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(IMAGE_SUFFIXES):
                found.setdefault(name, str(Path(folder, name).relative_to(root)))
    log.info("%d image files below the release's folder", len(found))
    return found


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
    missing = [path for path in paths if not Path(root, path).is_file()]
    if not missing:
        return
    log.warning("%d of %d images are missing", len(missing), len(paths))
    if len(missing) <= max_missing * len(paths):
        return
    counts = f"{len(missing)} of {len(paths)} images are missing, more than max_missing = {max_missing:g} allows"
    if layout is None:
        row = paths.index[paths == missing[0]][0] + 2
        raise UserError(
            f"{root}: {counts}; the first is that of row {row}. Paths are taken from this folder: mend root"
        )
    there = sorted(path.name + ("/" if path.is_dir() else "") for path in Path(root).iterdir())
    raise UserError(
        f"{root}: {counts}. Expected files such as {layout} here, found {listed(there, 8)}. {_advice(root, missing[0])}"
    )


def _advice(root: str, path: str) -> str:
    """Look for a missing file one or two folders deeper, and one folder up; only for releases known to everybody."""
    for pattern in ("*", "*/*"):
        for folder in sorted(Path(root).glob(pattern)):
            if folder.is_dir() and (folder / path).is_file():
                return f"They lie one level deeper: set root to {str(folder)!r}"
    if Path(root, "..", path).is_file():
        return f"They lie one level higher: set root to {str(Path(root).resolve().parent)!r}"
    return "Unpack all archives of the release here, or raise max_missing to work with a part of it"
