"""Text tables as people have them: whatever their encoding and separator, and every row as long as the header."""

import codecs
import contextlib
import csv
import gc
import logging
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from crossray.datasets.table_heads import SEARCHED, Row, from_header, head_of, matches, with_names
from crossray.errors import UserError

log = logging.getLogger(__name__)

#: separator -> its name; of two that fit a header alike the first is taken, and blanks only where no other fits
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
BLANK = " "

#: byte order marks, the longer before those that they begin with
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WESTERN = "cp1252"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
#: what Excel takes for a line that names the separator
_HINT = re.compile(r'"?sep=(.)"?')
_SAVE = "save it as CSV in UTF-8"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")

#: what a table may hold: rows, cells beside a hundred a row, and signs of a line or cell; a mask of runs has thousands
MOST_ROWS, _MOST_CELLS, _CELLS_A_ROW, _LONGEST = 10_000_000, 2**24, 100, 2**24


def read_rows(data: bytes, columns: Sequence[str], path: str, names: Sequence[str] = ()) -> list[Row]:
    """Read a text table.

    Args:
        data: its bytes.
        columns: names that the header should have; they tell the separator, and which line is the header.
        path: its name, for messages.
        names: those of its columns, where the table has no header.

    Returns:
        Header and rows, all of one length; lines that are empty, and rows without any value at the end, are left out.

    Raises:
        UserError: if it is no text in an encoding that can be told, its quotation marks do not pair, or a row has more
            or fewer fields than the header; the message names the row.
    """
    text = decoded(data, path)
    first, _, rest = text.partition("\n")
    hint = _HINT.fullmatch(first)
    start, text = (2, rest) if hint else (1, text)
    separator = hint[1] if hint else separator_of(text, columns, len(names))
    rows = _without_empty_end([row for row in _records(text, separator, path, start) if row[1]])
    rows = with_names(rows, names) if names else from_header(rows, columns, path)
    return _of_one_length(rows, separator, path)


def decoded(data: bytes, path: str) -> str:
    """Return bytes as text: UTF-8, UTF-16 or UTF-32 as they tell, or else Windows-1252, which is told.

    Lines end as on Unix.

    Raises:
        UserError: if it is none of them, or UTF-8 with a few bytes that are not.
    """
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None) or _unmarked(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        western = _western(data, path) if encoding == "utf-8" else None
        if western is None:
            line = data[: error.start].count(b"\n") + 1
            raise UserError(
                f"{path}: not a readable CSV file: line {line} is not in {_spoken(encoding)}; {_SAVE}"
            ) from error
        text = western
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise UserError(f"{path}: not a readable CSV file: line {line} has signs that no text has; {_SAVE}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unmarked(data: bytes) -> str:
    """Return the encoding of text without a mark: UTF-16 shows in zeros at every second place."""
    start = data[:200]
    if len(start) > 1 and not any(start[1::2]):
        return "utf-16-le"
    return "utf-16-be" if len(start) > 1 and not any(start[::2]) else "utf-8"


def _western(data: bytes, path: str) -> str | None:
    """Return text that is not UTF-8 as Windows-1252; None if it cannot be that, or is UTF-8 but for some bytes."""
    try:
        text = data.decode(_WESTERN)
    except UnicodeDecodeError:
        return None
    if any(sign > "\x7f" and sign != "\ufffd" for sign in data.decode("utf-8", errors="replace")):
        return None
    log.warning("%s: not UTF-8, read as Windows-1252 (Latin-1); if letters with accents are wrong, %s", path, _SAVE)
    return text


def _spoken(encoding: str) -> str:
    return "UTF-8 as the rest, nor is all of it Windows-1252" if encoding == "utf-8" else encoding.upper()


def separator_of(text: str, columns: Sequence[str], width: int = 0) -> str:
    """Return what separates fields.

    Args:
        text: of the table.
        columns: names that its header should have.
        width: how many fields a record has, where that is known.

    Returns:
        The separator under which a header has most of the names that it should have, and then most fields; blanks where
        no other separates anything.
    """
    records = {separator: _first_records(text, separator) for separator in (*SEPARATORS, BLANK)}

    def fits(separator: str) -> tuple[bool, int, int]:
        header = head_of(records[separator], columns).names
        return len(header) == width, matches(header, columns), len(header)

    best = max(SEPARATORS, key=fits)
    lengths = {len(fields) for fields in records[BLANK]}
    if fits(best)[2] <= 1 and (fits(BLANK) > fits(best) if fits(BLANK)[1] != fits(best)[1] else len(lengths) == 1):
        best = BLANK if max(lengths, default=1) > 1 else best
    if best != ",":
        log.info("fields are separated by %s", f"a {SEPARATORS[best]}" if best in SEPARATORS else "blanks")
    return best


def _first_records(text: str, separator: str) -> list[list[str]]:
    """Return the first records that have fields; those before one that cannot be read."""
    some: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        some.extend(islice((fields for fields in _reader(text, separator) if fields), SEARCHED))
    return some


def _reader(text: str, separator: str, strict: bool = False) -> Any:
    """Return a reader of records; blanks at both ends of a line, and several in a row, separate nothing more."""
    if separator != BLANK:
        return csv.reader(_lines(text), delimiter=separator, strict=strict)
    lines = (line.strip(" \n") + "\n" for line in _lines(text))
    return csv.reader(lines, delimiter=BLANK, skipinitialspace=True, strict=strict)


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends; a copy of the whole text for a file of it would take four times its memory.

    Raises:
        csv.Error: if one is longer than a row is, as its fields would fill the memory.
    """
    for found in _LINE.finditer(text):
        if found.end() - found.start() > _LONGEST:
            raise csv.Error("line larger than the limit")
        yield found.group()


def check_size(rows: int, cells: int, path: str) -> None:
    """Check how large a table is, as its rows take many times the memory of its file.

    Raises:
        UserError: if it has more rows, or more cells for its rows, than are read.
    """
    if rows > MOST_ROWS:
        raise UserError(f"{path}: more than {MOST_ROWS:,} rows, which are not read; is it a table of images?")
    if cells > _MOST_CELLS + _CELLS_A_ROW * rows:
        raise UserError(
            f"{path}: more than {_MOST_CELLS:,} fields in {rows:,} rows, which are not read; leave columns out that "
            "are not needed"
        )


def _records(text: str, separator: str, path: str, start: int) -> list[Row]:
    """Return all records, empty ones among them, which have no fields."""
    csv.field_size_limit(_LONGEST)  # a mask can be a long text
    rows: list[Row] = []
    line = cells = 0
    reader = _reader(text, separator, strict=True)
    with _without_collection():
        try:
            for fields in reader:
                rows.append((start + len(rows), fields))
                line = reader.line_num
                cells += len(fields)
                if cells > _MOST_CELLS or len(rows) > MOST_ROWS:
                    check_size(len(rows), cells, path)
        except csv.Error as error:
            where = f"{path}: row {start + len(rows)} (line {line + start}): "
            if "limit" in str(error):
                raise UserError(f"{where}more than {_LONGEST:,} signs, which are not read; is it a table?") from error
            raise UserError(
                f"{where}its quotation marks do not pair; a text in quotation marks ends with one, and one inside it "
                'is written twice ("")'
            ) from error
    return rows


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Stop Python's search for cycles, which would go through all rows again and again and find none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _without_empty_end(rows: list[Row]) -> list[Row]:
    """Leave out the rows without any value at the end, as spreadsheets write them."""
    end = len(rows)
    while end > 1 and not any(map(str.strip, rows[end - 1][1])):
        end -= 1
    if end < len(rows):
        log.info("%d rows without any value at the end of the table are no rows", len(rows) - end)
    return rows[:end]


def _of_one_length(rows: list[Row], separator: str, path: str) -> list[Row]:
    """Check that all rows are as long as the header; an empty field at the end of every row is a trailing separator."""
    if not rows:
        return rows
    (number, header), *body = rows
    longer = {len(fields) - len(header) for _, fields in body}
    if longer == {1} and not any(fields[-1].strip() for _, fields in body):
        return [(number, header), *((number, fields[:-1]) for number, fields in body)]
    if longer == {-1} and len(header) > 1 and not header[-1].strip():
        return [(number, header[:-1]), *body]
    wrong = [(number, len(fields)) for number, fields in body if len(fields) != len(header)]
    if not wrong:
        return rows
    if longer == {1}:
        raise UserError(
            f"{path}: every row has one field more than the header has names ({len(header)}); name all columns "
            "(R writes such tables unless told col.names = NA)"
        )
    number, count = wrong[0]
    raise UserError(
        f"{path}: row {number} has {count} fields, the header {len(header)} ({len(wrong)} such rows in all). A text "
        f"with a {SEPARATORS.get(separator, separator)} in it must stand in quotation marks"
    )
