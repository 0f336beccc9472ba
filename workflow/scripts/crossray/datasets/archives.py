"""Tables in compressed files: gz, bz2, xz, and zip with one file in it."""

import bz2
import contextlib
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from crossray.datasets.listing import is_litter
from crossray.errors import UserError, listed, may_quote

#: first bytes of a file -> what opens it
_OPENERS: dict[bytes, Callable[[str], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
#: endings of names that promise a compressed file
_ENDINGS = {".gz": "gz", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}

ZIP = b"PK\x03\x04"

_BROKEN = (zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError, NotImplementedError)


@contextlib.contextmanager
def uncompressed(path: str) -> Iterator[IO[bytes]]:
    """Open a file for reading, and what is in it where it is compressed.

    Raises:
        UserError: if it is broken, protected by a password, or an archive of no file or of several.
    """
    start = first_bytes(path)
    ending = _ENDINGS.get(Path(path).suffix.lower())
    opener = next((opener for mark, opener in _OPENERS.items() if start.startswith(mark)), None)
    try:
        if start.startswith(ZIP):
            with zipfile.ZipFile(path) as archive, archive.open(_member(archive, path)) as file:
                yield file
        elif opener is None and ending:
            raise UserError(f"{path}: not a readable {ending} file, though its name says so; fetch it again")
        else:
            with opener(path) if opener else Path(path).open("rb") as file:
                yield cast("IO[bytes]", file)
    except _BROKEN as error:
        raise UserError(
            f"{path}: not a readable {ending or 'compressed'} file; it is damaged, fetch it again"
        ) from error


def first_bytes(path: str, count: int = 8) -> bytes:
    """Return the first bytes of a file."""
    with Path(path).open("rb") as file:
        return file.read(count)


def _member(archive: zipfile.ZipFile, path: str) -> zipfile.ZipInfo:
    """Return the one file of an archive."""
    members = [one for one in archive.infolist() if not one.is_dir() and not is_litter(one.filename)]
    if len(members) != 1:
        names = f" ({listed(Path(one.filename).name for one in members) or 'none'})" if may_quote() else ""
        raise UserError(
            f"{path}: an archive of {len(members)} files{names}; a table must be the only one in it. Unpack it and "
            "name the file"
        )
    if members[0].flag_bits & 1:
        raise UserError(f"{path}: protected by a password; unpack it and name the file")
    return members[0]
