"""The tables passed between stages: one typed reader and writer, and which of their rows are reported.

Each table has a contract, a class of :mod:`crossray.tables.contract` in the module of its family. A name stays the text
that it is, be it of a data set, a task, a model or a patient, and be it ``NA``, ``null``, ``2017``, ``01`` or ``1e5``:
the contract says which columns hold text, and nothing is guessed.
"""

import functools
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.errors import UserError, listed
from crossray.files import damaged, read_parquet, replacing, with_texts, write_csv
from crossray.tables.contract import Column, Limits, Row, columns, names
from crossray.texts import from_cell

if TYPE_CHECKING:
    import pandas as pd

#: the name of the ensemble, in the column ``seed``
ENSEMBLE = "ensemble"
#: the name of the mean of the numbers of several trainings, in the column ``seed``
MEAN_OF_TRAININGS = "mean of trainings"
#: the name of the mean over a cell's tasks, in the column ``task``
MEAN_OF_TASKS = "mean of tasks"
#: what is compared: two models on the same images, or one on its internal test and another target; the column ``kind``
SAME_IMAGES, HOME_AND_AWAY = "same images", "home and away"

#: in place of a count that is not shown, beside ``<5`` and the like (:mod:`crossray.small_cells`)
HIDDEN = "hidden"
_SMALL = r"<\d+"

#: numbers are written with nine digits, so that one at a limit may lie beyond it by this much
_ROUNDING = 1e-6


def contracts() -> Iterator[type[Row]]:
    """Yield every contract, in the order of the modules' names: for docs, rules and lookups by name."""
    for module in pkgutil.iter_modules(__path__):
        for kind in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(kind, type) and issubclass(kind, Row) and kind.NAME and kind.__module__.endswith(module.name):
                yield kind


@functools.cache
def _by_name() -> dict[str, type[Row]]:
    """Return the contracts by their names; planning asks for them once a figure and table."""
    return {contract.NAME: contract for contract in contracts()}


def contract_of(name: str) -> type[Row]:
    """Return the contract of a table by its name.

    Raises:
        UserError: if there is no such table.
    """
    found = _by_name()
    if name not in found:
        raise UserError(f"there is no table {name!r}; a table's name is one of {', '.join(sorted(found))}")
    return found[name]


def of_rows(rows: Iterable[Mapping[str, Any]], contract: type[Row]) -> "pd.DataFrame":
    """Return rows as a table with the columns of its contract; values that a row lacks are missing."""
    import pandas as pd

    return pd.DataFrame(rows, columns=names(contract))


def write(path: Path, table: "pd.DataFrame", contract: type[Row], private: bool = False) -> None:
    """Write a table atomically, as CSV or Parquet by ``path``; a ``private`` one readable only by its owner.

    Raises:
        UserError: if it does not keep to its contract.
    """
    check(path, table, contract)
    if path.suffix != ".parquet":
        write_csv(path, table, private)
        return
    with replacing(path, private) as partial:
        table.to_parquet(partial, index=False)


def check(path: Path, table: "pd.DataFrame", contract: type[Row]) -> None:
    """Check a table that is to be written against its contract.

    Raises:
        UserError: if it does not keep to it, which only an error in a program can cause.
    """
    import pandas as pd

    if what := _broken(table, contract, pd.Series(False, table.index)):
        raise UserError(f"{path}: {what}; this is an error in CrossRay, please report it")


def read(path: Path, contract: type[Row]) -> "pd.DataFrame":
    """Read one of the workflow's own tables; in CSV an empty cell is a missing value, and nothing else is.

    Texts are again what they were before :func:`crossray.files.write_csv` made cells of them. A count that is not shown
    (``<5``, ``hidden``) is a missing number; :func:`with_marks` brings the words back.

    Raises:
        UserError: if the file does not keep to the contract, as one that was edited, or that an older version wrote.
    """
    import pandas as pd

    if path.suffix == ".parquet":
        table = read_parquet(path)
        hidden = pd.Series(False, table.index)
    else:
        texts = {name for name, column in columns(contract).items() if column.kind is str}
        table = pd.read_csv(path, dtype=dict.fromkeys(texts, "str"), keep_default_na=False, na_values=[""])
        table = with_texts(table, from_cell)
        hidden = pd.Series(False, table.index)
        for name in table.columns.difference(list(texts)):
            marked = _marked(table[name])
            if marked.any():
                numbers = pd.to_numeric(table[name].mask(marked), errors="coerce")
                if numbers.isna().sum() == (marked | table[name].isna()).sum():
                    table[name] = numbers
                hidden |= marked
    if what := _broken(table, contract, hidden):
        raise damaged(path, what)
    return _typed(table, contract)


def read_texts(path: Path) -> "pd.DataFrame":
    """Read a CSV file of the workflow with every cell as the text that stands there; empty ones are missing."""
    import pandas as pd

    return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])


def with_marks(table: "pd.DataFrame", path: Path) -> "pd.DataFrame":
    """Return rows of a table with ``<5`` and ``hidden`` in place of the numbers that its file does not show.

    Args:
        table: rows of :func:`read`, in whatever order, under the index that they had.
        path: the file.
    """
    import pandas as pd

    written = read_texts(path)
    numbers = [name for name in table if name in written and pd.api.types.is_numeric_dtype(table[name])]
    marked = {name: _marked(written[name]) for name in numbers}
    changed = {
        name: table[name].astype(object).where(~where.reindex(table.index), written[name].reindex(table.index))
        for name, where in marked.items()
        if where.any()
    }
    return table.assign(**changed)


def _marked(column: "pd.Series") -> "pd.Series":
    """Return which cells say that a count is not shown."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        return pd.Series(False, column.index)
    texts = column.astype("str")
    return texts.eq(HIDDEN) | texts.str.fullmatch(_SMALL)


def _broken(table: "pd.DataFrame", contract: type[Row], hidden: "pd.Series") -> str | None:
    """Return how a table breaks its contract; numbers in rows with a hidden count may be missing."""
    declared = columns(contract)
    present = [str(name) for name in table.columns]
    name = f"{contract.NAME}, version {contract.version()},"
    if missing := [one for one in declared if one not in present]:
        return f"the table {name} has no column {listed(missing)}"
    if not contract.FURTHER and (more := [one for one in present if one not in declared]):
        return f"the table {name} has a column {listed(more)} that it should not have"
    if present[: len(declared)] != list(declared):
        return f"the columns of the table {name} are not in their order, {', '.join(declared)}"
    further = [Column(one, float, Limits(), True) for one in present[len(declared) :]]
    for column in (*declared.values(), *further):
        if (row := _wrong(table[column.name], column, hidden)) is not None:
            return f"row {row + 2}, column {column.name}: expected {column.allowed}"
    return None


def _wrong(cells: "pd.Series", column: Column, hidden: "pd.Series") -> int | None:
    """Return the index of the first value that a column does not allow."""
    import pandas as pd

    empty = cells.isna()
    wrong = pd.Series(False, cells.index) if column.nullable else empty & ~(hidden & (column.kind is not str))
    there = cells[~empty]
    if column.kind in (int, float):
        numbers = pd.to_numeric(there, errors="coerce") if there.dtype == object else there
        if not pd.api.types.is_numeric_dtype(numbers) or pd.api.types.is_bool_dtype(numbers):
            bad = pd.Series(True, there.index)
        else:
            bad = numbers.isna()
            if column.kind is int:
                bad |= numbers % 1 != 0
            if column.limits.low is not None:
                bad |= numbers < column.limits.low - _ROUNDING
            if column.limits.high is not None:
                bad |= numbers > column.limits.high + _ROUNDING
    elif column.kind is bool:
        bad = pd.Series(False, there.index) if there.dtype == bool else ~there.isin([True, False])
    elif column.kind is str and there.dtype == object:
        # A number is written as its digits and read back as text, as the values of a sweep are.
        bad = ~there.map(lambda cell: isinstance(cell, str | int | float)).astype(bool)
    else:
        bad = pd.Series(False, there.index)
    wrong = wrong | bad.reindex(cells.index, fill_value=False)
    return int(wrong.to_numpy().argmax()) if wrong.any() else None


def _typed(table: "pd.DataFrame", contract: type[Row]) -> "pd.DataFrame":
    """Give columns their types; whole numbers and flags of which some are missing have none of their own."""
    kinds = {name: column.kind for name, column in columns(contract).items()}
    whole = {name: not table[name].isna().any() for name in table}
    wanted = {}
    for name in table:
        kind = kinds.get(str(name), float)
        if kind is float or (kind is int and not whole[name]):
            wanted[name] = "float64"
        elif kind in (int, bool) and whole[name]:
            wanted[name] = "int64" if kind is int else "bool"
        elif kind is str:
            wanted[name] = "str"
    return table.astype(wanted)


def reported(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the rows that a report shows.

    Where there are several seeds these are the means of trainings, and the ensemble's in a table that has no means.
    """
    for seed in (MEAN_OF_TRAININGS, ENSEMBLE):
        if len(rows := table[table["seed"] == seed]):
            return rows
    return table
