"""Search of all outputs of a workflow for patients' identifiers, in any file and encoding."""

import bz2
import gzip
import html
import io
import json
import lzma
import os
import re
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from crossray.errors import UserError
from crossray.files import csv_text, read_parquet, with_texts
from crossray.pseudonyms import is_pseudonym
from crossray.tables import read_texts
from crossray.texts import from_cell
from crossray.traces import Traces

#: folders below a working folder that hold software, not results
_SOFTWARE = {".git", ".venv", "conda", "node_modules", "__pycache__"}
#: a shorter identifier is part of many numbers and words: it is looked for in the cells of tables alone
SHORTEST = 6
#: first bytes of a file -> what unpacks it
_PACKED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
_ZIP, _PARQUET = b"PK\x03\x04", b"PAR1"
_BROKEN = (zipfile.BadZipFile, lzma.LZMAError, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)


@dataclass
class SearchResult:
    """What came of a search.

    Attributes:
        searched: how many files were read.
        named: those that hold a name, or have it in their path.
        closed: those that cannot be read, or not unpacked: what is in them is not known.
    """

    searched: int = 0
    named: list[Path] = field(default_factory=list)
    closed: list[Path] = field(default_factory=list)


class Names:
    """What names patients, as patterns.

    Args:
        traces: whose names.
    """

    def __init__(self, traces: Sequence[Traces]) -> None:
        long = sorted({name for one in traces for name in one.names if len(name) >= SHORTEST})
        spelt = sorted({form for name in long for form in _forms(name)})
        self._words = _pattern([word for form in spelt for word in (_word(form, 1), _word(form, 2))])
        self._anywhere = _pattern([re.escape(form.encode(code)) for form in spelt for code in ("utf-8", "utf-16-le")])
        self._cells = {one.dataset: {name for name in one.names if len(name) < SHORTEST} for one in traces}

    def in_content(self, content: bytes, anywhere: bool) -> bool:
        """Return whether a name occurs in bytes, as a separate word or ``anywhere``."""
        pattern = self._anywhere if anywhere else self._words
        return pattern is not None and pattern.search(content) is not None

    def in_path(self, path: Path) -> bool:
        """Return whether a path has a name in it."""
        return self.in_content(os.fsencode(path), anywhere=False)

    def short_of(self, path: Path) -> set[str]:
        """Return the names that are so short that only cells of this data set's table are searched for them."""
        return {name for dataset, cells in self._cells.items() if dataset in (*path.parts, path.stem) for name in cells}


def _pattern(parts: Sequence[bytes]) -> re.Pattern[bytes] | None:
    return re.compile(b"|".join(parts)) if parts else None


def _forms(name: str) -> set[str]:
    """Return how a name is spelt in texts, JSON, pages and addresses."""
    quoted = {json.dumps(name)[1:-1], html.escape(name), html.escape(name, quote=False), urllib.parse.quote(name)}
    return {name, *quoted, urllib.parse.quote(name, safe="")}


def _word(name: str, width: int) -> bytes:
    """Return a pattern of a whole word in UTF-8 or, of ``width`` 2, in UTF-16; a pseudonym is found within others."""
    text = re.escape(name.encode("utf-8" if width == 1 else "utf-16-le"))
    if is_pseudonym(name):
        return text
    sign = b"[A-Za-z0-9]" if width == 1 else b"[A-Za-z0-9]\\x00"
    return b"(?<!%b)%b(?!%b)" % (sign, text, sign)


def search(folders: Iterable[Path], names: Names, passed: Set[Path] = frozenset()) -> SearchResult:
    """Search all files below folders for names of patients.

    Args:
        folders: where to search; links to folders are not followed, links to files are.
        names: of the patients.
        passed: files and folders that are not searched, as releases themselves.
    """
    found = SearchResult()
    for path in _files(folders, passed):
        found.searched += 1
        content, whole = _content(path)
        if not whole:
            found.closed.append(path)
        anywhere = path.suffix == ".h5" or not path.suffix
        if names.in_path(path) or names.in_content(content, anywhere) or _has_cell(path, names.short_of(path)):
            found.named.append(path)
    return found


def _files(folders: Iterable[Path], passed: Set[Path]) -> Iterator[Path]:
    for folder in folders:
        for here, below, names in os.walk(folder):
            below[:] = sorted(
                name for name in below if name not in _SOFTWARE and Path(here, name).resolve() not in passed
            )
            yield from (path for name in sorted(names) if (path := Path(here, name)).resolve() not in passed)


def _content(path: Path) -> tuple[bytes, bool]:
    """Return the bytes of a file, of what is packed what is in it too, and whether that is all of it."""
    if not path.is_file():  # a link to what was removed, a pipe, a socket
        return b"", True
    try:
        content = path.read_bytes()
    except OSError:
        return b"", False
    try:
        return content + b"\n" + _unpacked(path, content), True
    except (*_BROKEN, UserError):
        return content, False


def _unpacked(path: Path, content: bytes) -> bytes:
    """Return what a compressed file or table has in it."""
    if content.startswith(_PARQUET):
        table = read_parquet(path)
        return csv_text(table).encode() + str(table.attrs).encode()
    if content.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"\n".join(one.filename.encode() + b"\n" + archive.read(one) for one in archive.infolist())
    return next((unpack(content) for mark, unpack in _PACKED.items() if content.startswith(mark)), b"")


def _has_cell(path: Path, cells: Set[str]) -> bool:
    """Return whether a column of names in a table has one of some short names as a whole cell."""
    if not cells or path.suffix not in (".csv", ".parquet") or not path.is_file():
        return False
    try:
        table = with_texts(read_texts(path), from_cell) if path.suffix == ".csv" else read_parquet(path)
    except (UserError, OSError, ValueError):  # none of the workflow's tables
        return False
    columns = [name for name in table if str(name).endswith(("_id", "path"))]
    return any(table[name].astype(pd.StringDtype()).isin(cells).any() for name in columns)
