"""Atomic writes: write to a temporary name, sync, rename."""

import csv
import glob
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.errors import UserError, listed
from crossray.texts import as_cell

if TYPE_CHECKING:
    import pandas


#: bytes written to test whether a disk is full after a failed write
_LITTLE = 1 << 20


@contextmanager
def replacing(path: Path, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success sync it and rename it to ``path``.

    A ``private`` file is its owner's alone from the first byte on: the temporary file is there and closed to others.

    An exception removes the temporary file and leaves ``path`` as it was; a kill leaves at most the
    temporary file, whose name ends in ``.partial`` and which the next writer removes.

    Raises:
        UserError: if the disk is full, a quota used up or the folder may not be written; libraries that write files
            each have another exception for that, and some do not say what it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
            left.unlink(missing_ok=True)
        if private:
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except Exception as error:
        if (obstacle := _obstacle(partial)) and not isinstance(error, UserError):
            raise UserError(
                f"{path}: could not be written, {obstacle}; fix this and run again; finished steps are kept"
            ) from error
        raise
    finally:
        if partial.exists():
            partial.unlink()


def _obstacle(path: Path) -> str | None:
    """Return why not even a little more can be written to a file, in the system's words, if so."""
    try:
        with path.open("ab") as file:
            file.write(bytes(_LITTLE))
            os.fsync(file.fileno())
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read an object from a JSON file that :func:`write_json` wrote.

    Raises:
        UserError: if it is none.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise damaged(path, "not readable as JSON") from error
    if not isinstance(value, dict):
        raise damaged(path, "holds no names with values")
    return value


def read_parquet(path: Path, columns: Iterable[str] = ()) -> "pandas.DataFrame":
    """Read a table that a program wrote as Parquet.

    Args:
        path: the file.
        columns: those that must be there.

    Raises:
        UserError: if it is none, or lacks one of them.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # a damaged file fails in many ways
        raise damaged(path, "not a readable Parquet file") from error
    if missing := [name for name in columns if name not in table]:
        raise damaged(path, f"has no column {listed(missing)}")
    return table


def damaged(path: Path, what: str) -> UserError:
    """Return the error about a file of the workflow's own that is not as it was written."""
    return UserError(f"{path}: {what}; make it again: snakemake --cores all -R {path} (with your --configfile)")


def write_csv(path: Path, table: "pandas.DataFrame", private: bool = False) -> None:
    """Write ``table`` as :func:`csv_text` does, atomically; a ``private`` one readable only by its owner."""
    with replacing(path, private) as partial:
        partial.write_text(csv_text(table), encoding="utf-8")


def csv_text(table: "pandas.DataFrame", digits: int = 9) -> str:
    """Write a table without its index, missing values empty, as a spreadsheet may open it.

    Args:
        table: what to write; texts are :func:`crossray.texts.as_cell`, :func:`crossray.tables.read` reads them back.
        digits: significant digits of floats.
    """
    cells = with_texts(table, as_cell)
    # Readers take an unquoted carriage return as the end of a row.
    quoting = csv.QUOTE_NONNUMERIC if _has_return(cells) else csv.QUOTE_MINIMAL
    return cells.to_csv(index=False, float_format=f"%.{digits}g", lineterminator="\n", quoting=quoting)


def with_texts(table: "pandas.DataFrame", change: Callable[[str], str]) -> "pandas.DataFrame":
    """Return a table with every text in it changed, the names of its columns too."""
    changed = table.set_axis([change(str(name)) for name in table.columns], axis=1)
    for place, (_, column) in enumerate(table.items()):
        new = {text: other for text in _texts_of(column) if (other := change(text)) != text}
        if new:
            changed.isetitem(place, column.map(lambda value, new=new: new.get(value, value)))
    return changed


def _texts_of(column: "pandas.Series") -> set[str]:
    """Return the different texts in a column; of numbers, flags and times there are none."""
    return set() if column.dtype.kind in "biufcmM" else {value for value in column if isinstance(value, str)}


def _has_return(table: "pandas.DataFrame") -> bool:
    return any("\r" in text for _, column in table.items() for text in _texts_of(column))


def later_than_now(paths: Iterable[Path], seconds: float = 0) -> list[Path]:
    """Return the files whose time lies in the future, by more than so many seconds: the clock was turned back since."""
    limit = time.time() + seconds
    return [path for path in paths if path.exists() and path.stat().st_mtime > limit]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(*parts: str) -> str:
    """Return the SHA-256 of ``parts``, unambiguous about where each ends, in hexadecimal."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
