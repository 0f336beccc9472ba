"""Where a table begins and what its columns are called: lines above a header, two rows of it, none, a name twice."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from crossray.datasets.listing import IMAGE_SUFFIXES
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: a record with its number as in a spreadsheet, the first being 1
Row = tuple[int, list[str]]

#: records among which a header is looked for
SEARCHED = 20
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


@dataclass(frozen=True)
class Head:
    """Where the header of a table is, and what its columns are called."""

    place: int
    "Place of its first record in the file."
    records: int
    "How many it has: one, or two where groups of columns have a name of their own."
    names: Sequence[str]


def matches(fields: Sequence[str], columns: Sequence[str]) -> int:
    """Count the names of needed columns among the fields of a record."""
    return len(set(columns).intersection(field.strip() for field in fields))


def from_header(rows: list[Row], columns: Sequence[str], path: str) -> list[Row]:
    """Leave out the lines above a header, such as a title, and make one of the two of a header of groups.

    Args:
        rows: of the whole file.
        columns: names that are needed; where a record below the first has one or two of them it may be their header.
        path: of the file, for the log.
    """
    head = head_of([fields for _, fields in rows[:SEARCHED]], columns)
    if not rows or not (head.place or head.records > 1):
        return rows
    last = head.place + head.records - 1
    if head.records > 1:
        log.warning("%s: its header is rows %d and %d", path, rows[head.place][0], rows[last][0])
    else:
        log.warning("%s: its header is row %d; what stands above it is left out", path, rows[last][0])
    return [(rows[last][0], list(head.names)), *rows[last + 1 :]]


def head_of(records: Sequence[Sequence[str]], columns: Sequence[str]) -> Head:
    """Find the header among the first records of a file: the first record where none has more names than it.

    Two records are a header where they have more of the needed names together than any record alone.

    Args:
        records: the first of a file.
        columns: names that are needed.
    """
    if not records:
        return Head(0, 1, ())
    single = [Head(place, 1, fields) for place, fields in enumerate(records)]
    double = [Head(place, 2, _joined(upper, lower, columns)) for place, (upper, lower) in enumerate(pairwise(records))]
    best = max((*single, *double), key=lambda head: matches(head.names, columns))  # of equals the first, one record
    found = matches(best.names, columns)
    return best if found >= min(2, len(set(columns))) and found else single[0]


def _joined(upper: Sequence[str], lower: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the names of columns that two records give together.

    A field above an empty one is the name of its column, as of cells merged downwards. Any other belongs to all columns
    from it to the next, as of cells merged to the right: ``group / name`` is what a column is called where that is
    needed, or where other groups have a column of the same name.
    """
    lower = [*map(str.strip, lower), *[""] * (len(upper) - len(lower))]
    names, group = [], ""
    for above, below in zip_longest(map(str.strip, upper), lower, fillvalue=""):
        group = above or group
        full = f"{group} / {below}" if group else below
        names.append(above if not below else full if full in columns or lower.count(below) > 1 else below)
    return names


def with_names(rows: list[Row], names: Sequence[str]) -> list[Row]:
    """Put names above the rows of a file that has no header."""
    return [(0, list(names)), *rows] if names and rows else rows


def without_twins(table: "pandas.DataFrame", columns: Sequence[str], path: str) -> "pandas.DataFrame":
    """Tell columns of one name apart.

    Args:
        table: as read.
        columns: names that are needed.
        path: of the file, for messages.

    Returns:
        The table with one column of those that have the same name and cells. Others are called by name and place,
        such as ``finding (column 3)``.

    Raises:
        UserError: if a name that is needed could mean several columns.
    """
    if not table.columns.has_duplicates:
        return table
    names = list(table.columns)
    dropped: list[int] = []
    for name in dict.fromkeys(table.columns[table.columns.duplicated()]):
        first, *others = (place for place, other in enumerate(table.columns) if other == name)
        different = [place for place in others if not table.iloc[:, place].equals(table.iloc[:, first])]
        dropped += [place for place in others if place not in different]
        if not different:
            continue
        for place in (first, *different):
            names[place] = f"{name} (column {place + 1})"
        if name in columns:
            raise UserError(
                f"{path}: column {name} occurs more than once, with different cells: columns "
                f"{' and '.join(str(place + 1) for place in (first, *different))}. Name the one that is meant by its "
                f"place, as {names[first]!r}"
            )
    log.info("%s: columns of one name are told apart by their places, or are one if their cells are the same", path)
    return table.set_axis(names, axis=1).iloc[:, [place for place in range(len(names)) if place not in dropped]]


def looks_like_data(table: "pandas.DataFrame") -> bool:
    """Return whether what was taken for a header is rather a row: it has a number, a file, or what stands below too."""
    return any(
        _NUMBER.fullmatch(name) or name.lower().endswith(IMAGE_SUFFIXES) or (table[name] == name).any()
        for name in table.columns
    )
