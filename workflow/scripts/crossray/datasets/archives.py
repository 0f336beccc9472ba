"""Tables as bytes, unpacked where they are compressed: gz, bz2, xz, and zip with one file in it.

They come piece by piece, up to a limit, as a file of kilobytes can hold gigabytes.
"""

import bz2
import contextlib
import errno
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from crossray.datasets.listing import is_litter
from crossray.errors import UserError, listed, may_quote
from crossray.limits import LARGEST_BYTES, megabytes

#: first bytes of a file -> what opens it
_OPENERS: dict[bytes, Callable[[str], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
#: endings of names that promise a compressed file
_ENDINGS = {".gz": "gz", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}

ZIP = b"PK\x03\x04"
#: how an entry of an archive's directory begins, and how many a table's archive may have
_ENTRY, _MOST_ENTRIES = b"PK\x01\x02", 10_000

_PIECE = 2**20

#: what readers of compressed files raise where one is damaged
BROKEN = (zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError, NotImplementedError)


def pieces(path: str) -> Iterator[bytes]:
    """Yield the bytes of a file, and what is in it where it is compressed, piece by piece.

    Raises:
        UserError: if it is broken, protected by a password, an archive of no file or of several, or more than is read
            (:data:`crossray.limits.LARGEST_BYTES`).
    """
    total = 0
    with _uncompressed(path) as file:
        while piece := file.read(_PIECE):
            total += len(piece)
            if total > LARGEST_BYTES:
                unpacked = " when it is unpacked" if first_bytes(path).startswith((ZIP, *_OPENERS)) else ""
                raise UserError(
                    f"{path}: more than {megabytes(LARGEST_BYTES)}{unpacked}, which is not read; is it a table? Leave "
                    "columns out that are not needed, or make several data sets of it"
                )
            yield piece


@contextlib.contextmanager
def _uncompressed(path: str) -> Iterator[IO[bytes]]:
    """Open a file for reading, and what is in it where it is compressed."""
    start = first_bytes(path)
    ending = _ENDINGS.get(Path(path).suffix.lower())
    opener = next((opener for mark, opener in _OPENERS.items() if start.startswith(mark)), None)
    try:
        if start.startswith(ZIP):
            with opened_zip(path) as archive, archive.open(_member(archive, path)) as file:
                yield file
        elif opener is None and ending:
            raise UserError(f"{path}: not a readable {ending} file, though its name says so; fetch it again")
        else:
            with opener(path) if opener else Path(path).open("rb") as file:
                yield cast("IO[bytes]", file)
    except (*BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # not of what is in the file
            raise
        raise UserError(
            f"{path}: not a readable {ending or 'compressed'} file; it is damaged, fetch it again"
        ) from error


def first_bytes(path: str, count: int = 8) -> bytes:
    """Return the first bytes of a file."""
    with Path(path).open("rb") as file:
        return file.read(count)


def opened_zip(path: str) -> zipfile.ZipFile:
    """Open an archive, once its directory is known to be short: all of it is read at once.

    Raises:
        UserError: if it is larger than is read, or lists more files than an archive of a table can have.
        zipfile.BadZipFile: if it is damaged.
    """
    if Path(path).stat().st_size > LARGEST_BYTES:
        raise UserError(f"{path}: an archive of more than {megabytes(LARGEST_BYTES)}, which is not read; unpack it")
    if Path(path).read_bytes().count(_ENTRY) > _MOST_ENTRIES:
        raise UserError(f"{path}: an archive of more than {_MOST_ENTRIES:,} files; a table must be the only one in it")
    return zipfile.ZipFile(path)


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
