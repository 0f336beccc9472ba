"""Files that are whole or absent: write to a temporary name, sync, rename."""

import glob
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas


#: bytes; what failed to be written was larger than what a disk is asked for afterwards
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
                f"{path}: could not be written, {obstacle}; mend that and start again, what is done stays done"
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


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, table: "pandas.DataFrame", private: bool = False) -> None:
    """Write ``table`` without its index, floats with 9 significant digits, missing values empty.

    Nobody but its owner can ever read a ``private`` one.
    """
    with replacing(path, private) as partial:
        table.to_csv(partial, index=False, float_format="%.9g", lineterminator="\n")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_digest(*parts: str) -> str:
    """Return the SHA-256 of ``parts``, unambiguous about where each ends, in hexadecimal."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
