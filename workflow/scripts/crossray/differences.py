"""Which numbers of two studies differ, and which of them by more than their intervals say."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crossray.errors import UserError
from crossray.tables import contracts, read
from crossray.tables.contract import Row, columns

#: numbers are written with nine digits
_ROUNDING = 1e-8
_ENDS = ("_low", "_high")


@dataclass(frozen=True)
class ComparedTable:
    """A table of two studies.

    Attributes:
        name: the table's.
        rows: how many rows both have, and how many only the first and only the second.
        numbers: how many numbers both have.
        differ: those that differ, with the columns ``row``, ``number``, ``before`` and ``after``, whether they are
            ``beyond`` an interval (missing where they have none), and how far apart they are.
    """

    name: str
    rows: tuple[int, int, int]
    numbers: int
    differ: pd.DataFrame

    @property
    def beyond(self) -> pd.DataFrame:
        """Those numbers that lie outside the interval of the other study, the farthest first."""
        return self.differ[self.differ["beyond"] == True].sort_values("apart", ascending=False)  # noqa: E712


def compare(before: Path, after: Path) -> Iterator[ComparedTable]:
    """Compare every table that both studies have and whose rows have names.

    Args:
        before: a study's folder, or a copy of its tables.
        after: another one's.

    Raises:
        UserError: if one of them has no tables, or one of another version.
    """
    places = [_tables_of(folder) for folder in (before, after)]
    for contract in contracts():
        paths = [place / f"{contract.NAME}.csv" for place in places]
        if contract.KEY and all(path.is_file() for path in paths):
            yield _compared(contract, *(read(path, contract) for path in paths))


def _tables_of(folder: Path) -> Path:
    """Return where the tables of a study lie, be it named itself or the folder of its tables."""
    for place in (folder / "analysis", folder):
        if any(place.glob("*.csv")):
            return place
    raise UserError(f"{folder} holds no tables: name the folder of a study (results/STUDY), or a copy of its tables")


def _compared(contract: type[Row], before: pd.DataFrame, after: pd.DataFrame) -> ComparedTable:
    key = list(contract.KEY)
    both = before.merge(after, how="outer", on=key, suffixes=(" before", " after"), indicator="side")
    rows = both["side"].value_counts()
    shared = both[both["side"] == "both"]
    names = [name for name, column in columns(contract).items() if column.kind in (int, float) and name not in key]
    parts = [_numbers(shared, key, name) for name in names if not name.endswith(_ENDS)]
    table = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=_COLUMNS)], ignore_index=True)
    changed = table[table["apart"].gt(_ROUNDING) | table["before"].isna() | table["after"].isna()]
    counts = int(rows["both"]), int(rows["left_only"]), int(rows["right_only"])
    return ComparedTable(contract.NAME, counts, len(table), changed.reset_index(drop=True))


_COLUMNS = ["row", "number", "before", "after", "beyond", "apart"]


def _numbers(shared: pd.DataFrame, key: list[str], name: str) -> pd.DataFrame:
    """Set the numbers of a column beside each other, without rows that have none in both."""
    found = pd.DataFrame({
        "row": shared[key].fillna("").astype(str).agg(" ".join, axis=1) if len(shared) else [],
        "number": name,
        "before": shared[f"{name} before"].astype(float),
        "after": shared[f"{name} after"].astype(float),
    })  # fmt: skip
    found["apart"] = (found["after"] - found["before"]).abs()
    found["beyond"] = None
    if f"{name}_low before" in shared:
        outside = pd.Series(False, found.index)
        for value, interval in (("after", "before"), ("before", "after")):
            low, high = (shared[f"{name}{end} {interval}"].astype(float) for end in _ENDS)
            outside |= (found[value] < low - _ROUNDING) | (found[value] > high + _ROUNDING)
        found["beyond"] = outside
    return found[found["before"].notna() | found["after"].notna()][_COLUMNS]
