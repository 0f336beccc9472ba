"""Tables of releases as text, whatever they were saved as: CSV, perhaps compressed, Parquet, or a workbook of Excel.

No value is guessed, and an empty cell is the empty text.
"""

import contextlib
import io
import logging
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets.archives import BROKEN, ZIP, first_bytes, opened_zip, pieces
from crossray.datasets.delimited import check_size, read_rows
from crossray.datasets.table_heads import (
    SEARCHED,
    Row,
    from_header,
    head_of,
    looks_like_data,
    with_names,
    without_twins,
)
from crossray.errors import UserError, listed, may_quote, named, placed
from crossray.limits import LARGEST_BYTES, megabytes
from crossray.paths import folded

if TYPE_CHECKING:
    import pandas
    import pyarrow

log = logging.getLogger(__name__)

TEXT, PARQUET, WORKBOOK = "text", "Parquet", "Excel"

#: endings of names -> what they promise
_PROMISED = {".parquet": PARQUET, **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), WORKBOOK)}
#: first bytes of Parquet files, and of workbooks of Excel 97 and of those with a password
_PARQUET, _OLE = b"PAR1", b"\xd0\xcf\x11\xe0"
#: from here on a number with a point is not the whole number that it was (2 to the 53)
_WHOLE = 2.0**53
#: what only a workbook has in its archive
_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


def read_table(path: str, columns: Sequence[str] = (), names: Sequence[str] = ()) -> "pandas.DataFrame":
    """Read a table as text.

    Args:
        path: the file; its content says what it is.
        columns: those that must be there; they tell too which line is the header.
        names: those of all columns, where the table has no header.

    Returns:
        The table. Its index is the row as in a spreadsheet, the header being row 1, less 2.

    Raises:
        UserError: if the file is no such table, has no rows, or has one of the columns twice or not at all.
    """
    import pandas as pd
    import pyarrow as pa

    kind = kind_of(path)
    if kind == PARQUET and names:
        raise UserError(f"{path}: a Parquet file has names of its own for its columns; take `names` out")
    if kind == PARQUET:
        return _validated(_read_parquet(path, columns), columns, path)
    if kind == WORKBOOK:
        rows = _read_workbook(path, columns, names)
    else:
        rows = read_rows(b"".join(pieces(path)), columns, path, names)
    if not rows:
        raise UserError(f"{path}: is empty")
    (_, header), *body = rows
    index = pd.Index([number - 2 for number, _ in body], dtype="int64")
    # By way of Arrow, which takes half the time and a fraction of the memory.
    texts = [pa.array([fields[place] for _, fields in body], pa.large_string()) for place in range(len(header))]
    table = pa.table(texts, names=_named(header)).to_pandas().set_axis(index)
    return _validated(table, columns, path)


def kind_of(path: str) -> str:
    """Say whether a table is text, perhaps compressed, Parquet or a workbook, by its first bytes.

    Raises:
        UserError: if it is not what its name promises.
    """
    start = first_bytes(path)
    if start.startswith(_PARQUET):
        return PARQUET
    if start.startswith(_OLE) or (start.startswith(ZIP) and _is_workbook(path)):
        return WORKBOOK
    promised = _PROMISED.get(Path(path).suffix.lower(), TEXT)
    if promised != TEXT:
        raise UserError(f"{path}: not a readable {promised} file, though its name says so")
    return TEXT


def _is_workbook(path: str) -> bool:
    try:
        with opened_zip(path) as archive:
            return any(name in _PARTS for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def count_rows(path: str) -> int:
    """Count the rows of a table: the lines below its header, or what a Parquet file or a workbook says of itself.

    Raises:
        UserError: if the file cannot be read, or has more rows than are read.
    """
    kind = kind_of(path)
    if kind == PARQUET:
        rows = _parquet(path).metadata.num_rows
    elif kind == WORKBOOK:
        rows = max(len(rows) for rows in _sheets(path).values()) - 1
    else:
        rows = _count_lines(path) - 1
    check_size(max(rows, 0), 0, path)
    return max(rows, 0)


def _count_lines(path: str) -> int:
    """Count lines without holding one, as a line need not end."""
    count, last = 0, b"\n"
    for piece in pieces(path):
        count, last = count + piece.count(b"\n"), piece[-1:]
    return count + (last != b"\n")


def _named(header: Sequence[str]) -> list[str]:
    """Return the names of columns; those without one are called by their place."""
    return [name.strip() or f"Unnamed: {place}" for place, name in enumerate(header)]


def _validated(table: "pandas.DataFrame", columns: Sequence[str], path: str) -> "pandas.DataFrame":
    """Return a table without its empty columns that have no name, once it has what it must have."""
    empty = [
        place
        for place, name in enumerate(table.columns)
        if name.startswith("Unnamed: ") and not table.iloc[:, place].str.strip().any()
    ]
    table = table.drop(columns=table.columns[empty])
    table = without_twins(table, columns, path)
    missing = [name for name in columns if name not in table]
    if missing:
        raise UserError(f"{path}: no column {listed(missing)}; {_there(table, columns, missing)}")
    if table.empty:
        raise UserError(f"{path}: has a header but no rows")
    return table


def _there(table: "pandas.DataFrame", columns: Sequence[str], missing: Sequence[str]) -> str:
    """Say which columns there are; where none is known the first row may be no header but somebody's data."""
    wanted = set(map(folded, missing))
    if alike := [name for name in table.columns if folded(name) in wanted]:
        return (
            f"there is {listed(alike)}, with other capital letters or accents in another Unicode form; write both alike"
        )
    if not table.columns.intersection(list(columns)).size:
        words = f"none of the {len(columns)} that are needed is among the {len(table.columns)} names in its first row"
        if not looks_like_data(table):
            return words
        return f"{words}, which looks like data. Has the table no header? Write one above it, or set `names`"
    there = f"the columns are {listed(table.columns, 40)}" if may_quote() else f"there are {len(table.columns)}"
    return f"{there}. Is it another table, or another version of it?"


def _read_workbook(path: str, columns: Sequence[str], names: Sequence[str]) -> list[Row]:
    """Return the rows, from the header on, of the sheet that has rows or, of several, the one with the columns."""
    sheets = {name: with_names(rows, names) for name, rows in _sheets(path).items() if rows}
    fitting = {
        name: rows
        for name, rows in sheets.items()
        if set(columns) <= set(_named(head_of([fields for _, fields in rows[:SEARCHED]], columns).names))
    }
    found = sheets if len(sheets) == 1 else fitting
    if len(found) > 1 or (sheets and not found):
        raise UserError(
            f"{path}: {len(fitting)} of its sheets ({named(list(sheets), 'sheets')}) have the columns "
            f"{listed(columns)}; save the one that is meant as a file of its own, or as CSV"
        )
    for name in found:
        log.info("the table is the sheet %s of the workbook", placed([name], list(sheets)))
    rows = next(iter(found.values()), [])
    return rows if names else from_header(rows, columns, path)


def _sheets(path: str) -> dict[str, list[Row]]:
    """Read all sheets of a workbook: numbered rows of text, without those that are empty."""
    from xml.parsers.expat import ExpatError

    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    from crossray.datasets.workbooks import check_workbook

    try:
        if first_bytes(path).startswith(ZIP):
            check_workbook(path)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(Path(path).read_bytes()))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
        }
    except PasswordError as error:
        raise UserError(f"{path}: protected by a password; save it without one, or as CSV") from error
    except (CalamineError, ExpatError, *BROKEN) as error:
        raise UserError(f"{path}: not a readable Excel file; save it again, or as CSV") from error
    return {name: list(_filled(rows)) for name, rows in sheets.items()}


def _filled(rows: Iterable[Sequence[Any]]) -> Iterable[Row]:
    for number, cells in enumerate(rows, start=1):
        fields = [_text(cell) for cell in cells]
        if any(map(str.strip, fields)):
            yield number, fields


def _text(value: object) -> str:
    """Write a cell as text; whole numbers have no point, and an exponent where their last digits were lost."""
    if value is None or value != value:
        return ""
    text = str(value)
    if isinstance(value, float) and value.is_integer():
        text = str(int(value)) if abs(value) < _WHOLE else f"{value:.14E}"
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parquet(path: str) -> Any:
    import pyarrow.parquet

    with _parquet_errors(path):
        file = pyarrow.parquet.ParquetFile(path)
        facts = file.metadata
        stored = sum(facts.row_group(place).total_byte_size for place in range(facts.num_row_groups))
    check_size(facts.num_rows, facts.num_rows * facts.num_columns, path)
    if stored > LARGEST_BYTES:
        raise UserError(
            f"{path}: {megabytes(stored)} when it is unpacked, more than {megabytes(LARGEST_BYTES)} are not read; "
            "leave columns out that are not needed"
        )
    return file


@contextlib.contextmanager
def _parquet_errors(path: str) -> Iterator[None]:
    """Tell of a damaged Parquet file, which fails in many ways."""
    try:
        yield
    except (UserError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        raise UserError(f"{path}: not a readable Parquet file; it is damaged, fetch it again") from error


def _read_parquet(path: str, columns: Sequence[str]) -> "pandas.DataFrame":
    """Read a Parquet file; columns of lists and the like are left out, and refused if they are needed."""
    import pandas as pd
    import pyarrow

    with _parquet_errors(path):
        table: pyarrow.Table = _parquet(path).read()
    nested = [field.name for field in table.schema if _is_nested(field.type)]
    if wrong := [name for name in columns if name in nested]:
        raise UserError(
            f"{path}: column {listed(wrong)} holds several values a row (lists or bytes), not one; write one, or a "
            "column for each"
        )
    if nested:
        log.info("columns that hold several values a row are left out: %s", placed(nested, table.schema.names))
    flat = [place for place, field in enumerate(table.schema) if not _is_nested(field.type)]
    names = _named([table.schema.field(place).name for place in flat])
    with _parquet_errors(path):
        texts = [pd.Series([_text(cell) for cell in table.column(place).to_pylist()], dtype="str") for place in flat]
    read = pd.concat(texts, axis=1) if texts else pd.DataFrame()
    read.columns = names
    return read


def _is_nested(kind: "pyarrow.DataType") -> bool:
    import pyarrow

    return pyarrow.types.is_nested(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)
