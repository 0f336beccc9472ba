"""Where the image of each row lies: a column says it, or a pattern of columns; an ending left out is found on disk."""

import logging
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from crossray.datasets.listing import IMAGE_SUFFIXES, files_below
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

_BRACES = re.compile(r"\{([^{}]*)\}")


def columns_in(pattern: str) -> list[str]:
    """Return the columns that a pattern of paths names in braces."""
    return _BRACES.findall(pattern)


def wrong_pattern(pattern: str) -> str | None:
    """Return what is wrong with a pattern of paths; None if nothing is."""
    names = columns_in(pattern)
    if not names or "" in names or set("{}") & set(_BRACES.sub("", pattern)):
        return (
            f"{pattern!r} is no pattern of paths: it names columns of the table in braces, as in png/{{image_id}}.png"
        )
    return None


def from_pattern(pattern: str, texts: "pandas.DataFrame") -> "pandas.Series":
    """Return the path of each row; empty where a column that the pattern names is."""
    import pandas as pd

    names = columns_in(pattern)
    cells = {name: texts[name].str.strip() for name in names}
    rows = zip(*(cells[name] for name in names), strict=True)
    pieces = _BRACES.sub("\0", pattern).split("\0")
    paths = [_filled(pieces, row) if all(row) else "" for row in rows]
    return pd.Series(paths, texts.index, dtype="str")


def _filled(pieces: list[str], values: tuple[str, ...]) -> str:
    """Return the pieces of a pattern with values between them."""
    return pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))


def with_endings(root: str, paths: "pandas.Series") -> "pandas.Series":
    """Find the endings of paths that are written without, by one listing of the folder.

    Args:
        root: the folder that paths start from.
        paths: one an image, by rows as in a spreadsheet less 2.

    Returns:
        The paths. One that ends like an image, or is there as it is, or is nowhere, stays as it is.

    Raises:
        UserError: if two files differ from a path by their ending alone; the message names the row.
    """
    bare = ~paths.str.lower().str.endswith(IMAGE_SUFFIXES)
    if not bare.any():
        return paths
    files = list(files_below(root))
    there, endings = set(files), dict[str, list[str]]()
    for file in files:
        if file.lower().endswith(IMAGE_SUFFIXES):
            endings.setdefault(str(PurePath(file).with_suffix("")), []).append(PurePath(file).suffix)
    wanted = bare & ~paths.isin(there)
    several = paths[wanted & paths.isin([path for path, found in endings.items() if len(found) > 1])]
    if len(several):
        raise UserError(
            f"{root}: row {several.index[0] + 2}: its path has no ending, and files with "
            f"{' and '.join(endings[several.iloc[0]])} are there ({len(several)} such rows); write the ending, or move "
            "one of them elsewhere"
        )
    found = paths[wanted].map(lambda path: path + endings.get(path, [""])[0])
    log.info("%d paths are written without an ending, of %d a file is there", wanted.sum(), found.isin(there).sum())
    return paths.mask(wanted, found.reindex(paths.index))
