"""Where a table begins and what its columns are called: lines above a header, no header, a name that is twice."""

import logging
import re
from collections.abc import Sequence
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


def matches(fields: Sequence[str], columns: Sequence[str]) -> int:
    """Count the names of needed columns among the fields of a record."""
    return len(set(columns).intersection(field.strip() for field in fields))


def from_header(rows: list[Row], columns: Sequence[str], path: str) -> list[Row]:
    """Leave out the lines above a header, such as a title: it is the first record with most of the needed names.

    Args:
        rows: of the whole file.
        columns: names that are needed; where a record below the first has one or two of them it may be their header.
        path: of the file, for the log.
    """
    place = header_place([fields for _, fields in rows[:SEARCHED]], columns)
    if place:
        log.warning("%s: its header is row %d; what stands above it is left out", path, rows[place][0])
    return rows[place:]


def header_place(records: Sequence[Sequence[str]], columns: Sequence[str]) -> int:
    """Return the place of the header among the first records of a file; 0 where none has more names than the first."""
    counts = [matches(fields, columns) for fields in records]
    best = max(counts, default=0)
    return counts.index(best) if best >= min(2, len(set(columns))) and best else 0


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
