"""How large a workbook becomes, by what is in its archive, before it is read: kilobytes can be billions of cells.

Reading makes a rectangle up to the last cell, and a text for every cell that refers to one. So members are unpacked
piece by piece up to a limit, and their elements are counted: the last row and column, repeated cells of OpenDocument,
and shared texts. A workbook of Excel before 2007 is no archive and not looked at.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from crossray.datasets.archives import opened_zip
from crossray.datasets.delimited import check_size
from crossray.errors import UserError
from crossray.limits import LARGEST_BYTES, megabytes

_PIECE = 2**20
_PLACE = re.compile(r"([A-Za-z]{1,9})([0-9]{1,18})")
_STRINGS = "xl/sharedstrings.xml"
#: signs of the number of a shared text
_LONGEST_NUMBER = 20


def check_workbook(path: str) -> None:
    """Check how large a workbook becomes.

    Raises:
        UserError: if it or the texts of its cells are more than :data:`crossray.limits.LARGEST_BYTES` when it is
            unpacked, if a sheet has more rows or cells than a table may have, or if it defines words of its own, which
            no program that writes workbooks does.
        zipfile.BadZipFile, zlib.error, expat.ExpatError: if it is damaged.
    """
    with opened_zip(path) as archive:
        unpacked = 0
        strings: list[int] = []
        for name in sorted(archive.namelist(), key=lambda name: name.lower() != _STRINGS):
            sheet = _Sheet(path, strings)
            is_text = False
            for number, piece in enumerate(_pieces(archive, name)):
                unpacked += len(piece)
                if unpacked > LARGEST_BYTES:
                    raise _too_large(path, "when it is unpacked")
                is_text = is_text if number else piece[:4].strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")
                if is_text:  # whatever its name is
                    sheet.parser.Parse(piece, False)
            check_size(sheet.rows, sheet.rows * sheet.columns, path)


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        while piece := file.read(_PIECE):
            yield piece


def _too_large(path: str, what: str) -> UserError:
    return UserError(
        f"{path}: more than {megabytes(LARGEST_BYTES)} {what}, which is not read; is it a table? Save it as CSV"
    )


class _Sheet:
    """How far the cells of an XML file of a workbook reach.

    Args:
        path: the workbook, for messages.
        strings: how long each of its shared texts is; filled in by the file that has them.
    """

    def __init__(self, path: str, strings: list[int]) -> None:
        self.rows = self.columns = 0
        self._path, self._strings = path, strings
        self._text, self._length, self._shared, self._signs = "", 0, False, 0
        self._row = self._repeated = self._column = self._filled = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise UserError(f"{self._path}: a workbook with a document type, as no program writes it; save it as CSV")

    def _start(self, element: str, attributes: Mapping[str, str]) -> None:
        name = element.rpartition(":")[2]
        told = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if name in ("si", "v"):
            self._text, self._length = "", 0
        elif name == "c":
            self._shared = told.get("t") == "s"
            if place := _PLACE.fullmatch(told.get("r", "")):
                self.rows = max(self.rows, int(place[2]))
                self.columns = max(self.columns, _number(place[1]))
        elif name == "table-row":
            self._repeated, self._column, self._filled = _count(told.get("number-rows-repeated")), 0, 0
        elif name in ("table-cell", "covered-table-cell"):
            self._column += _count(told.get("number-columns-repeated"))
            if "value-type" in told:
                self._filled = self._column
        elif name == "p":
            self._filled = self._column

    def _characters(self, text: str) -> None:
        self._length += len(text)
        if len(self._text) < _LONGEST_NUMBER:
            self._text += text[:_LONGEST_NUMBER]

    def _end(self, element: str) -> None:
        name = element.rpartition(":")[2]
        if name == "si":
            self._strings.append(self._length)
        elif name == "v" and self._shared and self._text.isdecimal() and int(self._text) < len(self._strings):
            self._signs += self._strings[int(self._text)]
            if self._signs > LARGEST_BYTES:
                raise _too_large(self._path, "of text in its cells")
        elif name == "table-row":
            self._row += self._repeated
            if self._filled:
                self.rows, self.columns = self._row, max(self.columns, self._filled)


def _number(letters: str) -> int:
    """Return which column letters name, from 1."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 1
