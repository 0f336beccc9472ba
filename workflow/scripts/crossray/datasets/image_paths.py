"""Where the image of each row lies: a column says it, or a pattern of columns.

An ending that is left out, and a folder for which a star stands, are found on disk; there capital letters do not count.
"""

import logging
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from crossray.datasets.listing import IMAGE_SUFFIXES, files_below
from crossray.errors import UserError
from crossray.paths import folded

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

_BRACES = re.compile(r"\{([^{}]*)\}")


def columns_in(pattern: str) -> list[str]:
    """Return the columns that a pattern of paths names in braces."""
    return _BRACES.findall(pattern)


def wrong_pattern(pattern: str) -> str | None:
    """Return what is wrong with a pattern of paths; None if nothing is."""
    names, rest = columns_in(pattern), _BRACES.sub("", pattern)
    if "*" in rest.rpartition("/")[2] or "**" in rest:
        return f"{pattern!r} is no pattern of paths: a star stands for a folder, as in */images/{{image_id}}.png"
    if not names or "" in names or set("{}") & set(rest):
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


def found_on_disk(root: str, paths: "pandas.Series") -> "pandas.Series":
    """Find the files of paths without an ending, or with a star for a folder, by one listing of the root.

    Args:
        root: the folder that paths start from.
        paths: one an image, by rows as in a spreadsheet less 2.

    Returns:
        The paths. One that ends like an image and has no star, or is there as it is, or is nowhere, stays as it is.

    Raises:
        UserError: if several files fit a path, and not just one of them with its capital letters; the message names the
            row.
    """
    bare = ~paths.str.lower().str.endswith(IMAGE_SUFFIXES)
    starred = paths.str.contains("*", regex=False)
    if not (bare | starred).any():
        return paths
    files = list(files_below(root))
    wanted = (bare | starred) & ~paths.isin(files)
    by_name: dict[str, list[str]] = {}
    for file in files:
        name = PurePath(file).name
        by_name.setdefault(folded(name), []).append(file)
        if file.lower().endswith(IMAGE_SUFFIXES):
            by_name.setdefault(folded(PurePath(name).stem), []).append(file)
    found = {path: _fitting(path, by_name.get(folded(PurePath(path).name), [])) for path in paths[wanted].unique()}
    several = paths[wanted & paths.isin([path for path, fitting in found.items() if len(fitting) > 1])]
    if len(several):
        first = several.iloc[0]
        endings = " and ".join(dict.fromkeys(PurePath(file).suffix or "none" for file in found[first]))
        what = "a star" if "*" in first else "no ending"
        raise UserError(
            f"{root}: row {several.index[0] + 2}: its path has {what}, and files with {endings} are there "
            f"({len(found[first])} fit it; {len(several)} such rows); write it out, or move those that are not meant "
            "elsewhere"
        )
    whole = paths[wanted].map(lambda path: next(iter(found[path]), path))
    log.info("%d paths have no ending or a star, of %d a file is there", wanted.sum(), whole.isin(files).sum())
    return paths.mask(wanted, whole.reindex(paths.index))


def _fitting(path: str, files: list[str]) -> list[str]:
    """Return the files that a path may mean; those with its capital letters alone where there are some."""
    pattern = _expression(path)
    fitting = [file for file in files if re.fullmatch(pattern, file, re.IGNORECASE)]
    exact = [file for file in fitting if re.fullmatch(pattern, file)]
    return exact or fitting


def _expression(path: str) -> str:
    """Return a path as a regular expression: a star is a folder's name or a part of it, an ending may be left out."""
    pieces = (re.escape(piece) for piece in path.split("*"))
    return "[^/]*".join(pieces) + r"(\.[A-Za-z]+)?"
