"""Elements of a DICOM header as numbers and words; empty or non-numeric elements count as missing.

pydicom parses values on access, so any of them can raise any exception; it is caught here.
"""

import math
from collections.abc import Sequence
from typing import Any

import pydicom
from pydicom.dataelem import RawDataElement

from crossray.errors import UnusableImageError
from crossray.remarks import remark

#: bytes of an element that is read as numbers or items, one by one; the largest tables have an eighth of it
_LARGEST = 2**20


def value(header: pydicom.Dataset, keyword: str) -> Any:
    """Return the value of an element; None if it is missing, empty or unreadable.

    Raises:
        UnusableImageError: if it is larger than such elements are, as millions of numbers would fill the memory.
    """
    element = header.get_item(keyword)
    if element is None:
        return None
    _check_length(element)
    try:
        # A film is asked forty times; pydicom's access by keyword would look everything up again.
        found = header[element.tag].value if isinstance(element, RawDataElement) else element.value
    except Exception:  # a damaged element raises whatever pydicom meets
        remark(f"{keyword} unreadable, taken as missing")
        return None
    empty = found is None or (isinstance(found, str | bytes | Sequence) and len(found) == 0)
    return None if empty else found


def check_length(header: pydicom.Dataset, tag: tuple[int, int]) -> None:
    """Check how long an element is that has not been read yet; as :func:`value`."""
    _check_length(header.get_item(tag))


def _check_length(element: pydicom.DataElement | RawDataElement | None) -> None:
    if isinstance(element, RawDataElement) and element.value is not None and len(element.value) > _LARGEST:
        found = len(element.value)
        raise UnusableImageError(f"an element of the header of {found} bytes, more than {_LARGEST} are not read")


def numbers(header: pydicom.Dataset, keyword: str) -> list[float | None]:
    """Return the numbers of an element, None for each that is empty or no finite number; [] if there is none."""
    found = value(header, keyword)
    if found is None or isinstance(found, bytes):
        return []
    several = isinstance(found, Sequence) and not isinstance(found, str)
    return [_number(part) for part in (found if several else [found])]


def _number(part: object) -> float | None:
    try:
        number = float(part)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def number(header: pydicom.Dataset, keyword: str) -> float | None:
    """Return the first number of an element; None if it is missing, empty or no number."""
    return next(iter(numbers(header, keyword)), None)


def integer(header: pydicom.Dataset, keyword: str) -> int | None:
    """Return the first number of an element if it is a whole one."""
    found = number(header, keyword)
    return int(found) if found is not None and found == int(found) else None


def text(header: pydicom.Dataset, keyword: str) -> str:
    """Return the first word of an element in capitals; empty if there is none."""
    found = value(header, keyword)
    if isinstance(found, Sequence) and not isinstance(found, str | bytes):
        found = found[0]
    return found.strip(" \0").upper() if isinstance(found, str) else ""


def items(header: pydicom.Dataset, keyword: str) -> Sequence[pydicom.Dataset]:
    """Return the items of a sequence; none if the element is missing, empty or no sequence."""
    found = value(header, keyword)
    return found if isinstance(found, pydicom.Sequence) else []
