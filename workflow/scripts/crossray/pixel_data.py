"""Locate the pixel data of a DICOM file, and join the frame from its fragments (PS3.5 A.4).

pydicom reads the header up to the pixel data; these are found here, as files are written: without a delimiter, with a
basic offset table that is wrong, lists fragments or is missing, with fragments where the transfer syntax has none.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError

from crossray.errors import UnusableImageError
from crossray.limits import LARGEST_BYTES, LARGEST_HEADER, Reads, check_bytes, check_file
from crossray.remarks import remark
from crossray.streams import begins_stream

#: a data set without the preamble of a file has at least one of these (PS3.3 C.12.1), a text has none
_IDENTITY = {"SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "PatientID", "Rows"}

_KEYWORDS = {0x0010: "PixelData", 0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData"}
_REPRESENTATIONS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN")
_UNDEFINED = 0xFFFFFFFF
#: what is read of a file to see whether it is deflated
_FIRST_BYTES = 1024
#: offsets of the length of the meta group (0002,0000), and of the bytes that it counts
_META_LENGTH, _META = 140, 144
_ITEM, _DELIMITER = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)


@dataclass(frozen=True)
class PixelData:
    """The pixel data element of a file.

    Attributes:
        keyword: PixelData, FloatPixelData or DoubleFloatPixelData.
        vr: its value representation, empty where that is implicit.
        little: whether numbers are written with the least significant byte first.
        delimited: whether its length is undefined, as that of fragments.
        content: its bytes; of an undefined length, all that follow in the file.
    """

    keyword: str
    vr: str
    little: bool
    delimited: bool
    content: memoryview


def read_header(path: Path, keywords: Sequence[str] = ()) -> pydicom.Dataset:
    """Read a file up to its pixel data, with or without the preamble of PS3.10.

    Args:
        path: the file.
        keywords: the elements that are wanted; all of them where none is named.

    Raises:
        UnusableImageError: if it is no DICOM file, damaged, or larger than is read (:mod:`crossray.limits`).
    """
    return _read(path, keywords)[0]


def read_file(path: Path) -> tuple[pydicom.Dataset, PixelData]:
    """Read a file, with or without the preamble of PS3.10.

    Returns:
        The elements before the pixel data, and these.

    Raises:
        UnusableImageError: if it is no DICOM file, damaged, larger than is read, or without pixels.
    """
    header, rest = _read(path)
    element = _element(rest, implicit=_is_implicit(header))
    if element is None:
        raise UnusableImageError("no pixel data (7FE0,0010)")
    if not len(element.content):
        raise UnusableImageError("empty pixel data (7FE0,0010)")
    return header, element


def _read(path: Path, keywords: Sequence[str] | None = None) -> tuple[pydicom.Dataset, memoryview]:
    """Read the header, or only the elements that are named, and all bytes after it if none are."""
    try:
        size = check_file(path)
        with Path(path).open("rb") as opened:
            inflated = _inflated(opened)
            file: BinaryIO = opened if inflated is None else io.BytesIO(inflated)
            whole = size if inflated is None else len(inflated)
            header, is_file = _header(Reads(file, whole, LARGEST_HEADER), keywords)
            if keywords is not None:
                rest = memoryview(b"")
            elif inflated is None:
                # Without a number of bytes, a file is read piece by piece and copied once more.
                rest = memoryview(file.read(whole - file.tell()))
            else:
                rest = memoryview(inflated)[file.tell() :]
    except UnusableImageError:
        raise
    except FileNotFoundError as error:
        raise UnusableImageError("file not found") from error
    except PermissionError as error:
        raise UnusableImageError("file not readable: no permission") from error
    except MemoryError as error:
        raise UnusableImageError("too large for the memory") from error
    except Exception as error:  # any bytes may come in, and pydicom raises whatever it meets
        raise UnusableImageError("unreadable header: no DICOM file, or a damaged one") from error
    if not is_file:
        raise UnusableImageError("not a DICOM file")
    return header, rest


def _header(file: Reads, keywords: Sequence[str] | None) -> tuple[pydicom.Dataset, bool]:
    """Read the elements before the pixel data, and whether they are those of a DICOM file."""
    wanted = list(keywords) if keywords else None
    try:
        return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=wanted), True
    except InvalidDicomError:
        file.seek(0)
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        return header, bool(_IDENTITY & set(header.dir()))


def _inflated(file: BinaryIO) -> bytes | None:
    """Return a deflated file as it would be without; None where it is not deflated.

    Raises:
        UnusableImageError: if it would become more than is read, as a few kilobytes can become gigabytes.
    """
    first = file.read(_FIRST_BYTES)
    deflated, plain = (
        uid.encode() for uid in (pydicom.uid.DeflatedExplicitVRLittleEndian, pydicom.uid.ExplicitVRLittleEndian)
    )
    file.seek(0)
    if not first.startswith(b"DICM", 128) or deflated not in first:
        return None
    meta = file.read(_META + struct.unpack_from("<I", first, _META_LENGTH)[0])
    content = zlib.decompressobj(-15).decompress(file.read(), LARGEST_BYTES + 1)
    check_bytes(len(content), "deflated data")
    return meta.replace(deflated, plain.ljust(len(deflated), b"\0"), 1) + content


def _is_implicit(header: pydicom.Dataset) -> bool:
    """Say whether elements are written without value representation: as pydicom found them, whatever the syntax is."""
    last = header.get_item(max(header.keys())) if len(header) else None
    found = last.is_implicit_VR if isinstance(last, RawDataElement) else header.original_encoding[0]
    return found is True


def _element(rest: memoryview, implicit: bool) -> PixelData | None:
    """Read the element that ``rest`` begins with, in the order of bytes of its tag; None if it is no pixel data."""
    start = bytes(rest[:12])
    little = start[:2] == b"\xe0\x7f"
    order = "<" if little else ">"
    if len(start) < 8 or struct.unpack(f"{order}HH", start[:4]) not in ((0x7FE0, number) for number in _KEYWORDS):
        return None
    keyword = _KEYWORDS[struct.unpack(f"{order}H", start[2:4])[0]]
    # No even length begins with the letters of these, so they are what they seem in implicit files as well.
    explicit = start[4:6] in _REPRESENTATIONS and len(start) == 12
    if not explicit and not implicit and start[4:8] != b"\xff\xff\xff\xff":
        return None
    length = struct.unpack(f"{order}I", start[8:12] if explicit else start[4:8])[0]
    content = rest[12 if explicit else 8 :]
    vr = start[4:6].decode() if explicit else ""
    if length == _UNDEFINED:
        return PixelData(keyword, vr, little, True, content)
    return PixelData(keyword, vr, little, False, content[:length])


def frame(element: PixelData, is_run_length: bool) -> bytes | memoryview:
    """Join a frame from its fragments.

    Args:
        element: the pixel data, encapsulated.
        is_run_length: whether the frame is RLE by the transfer syntax, so that its header tells it from offsets.

    Raises:
        UnusableImageError: if there are no fragments, the last is cut off, or several frames are there.
    """
    fragments = _fragments(element)
    if not fragments:
        raise UnusableImageError("pixel data (7FE0,0010) of undefined length without fragments")
    if _begins_frame(fragments[0], is_run_length) or len(fragments) == 1:
        if len(fragments[0]):
            remark("no basic offset table before the fragments, none needed")
    else:
        fragments = fragments[1:]  # the basic offset table, which one frame does not need
    if not any(len(part) for part in fragments):
        raise UnusableImageError("empty pixel data (7FE0,0010)")
    if (frames := sum(_begins_frame(part, is_run_length) for part in fragments)) > 1:
        raise UnusableImageError(f"{frames} frames where the header says one (0028,0008)")
    return fragments[0] if len(fragments) == 1 else b"".join(fragments)


def _fragments(element: PixelData) -> list[memoryview]:
    """Return the items of the pixel data, the basic offset table first."""
    layout = struct.Struct("<HHI" if element.little else ">HHI")
    content, place, found = element.content, 0, []
    while place + layout.size <= len(content):
        group, number, length = layout.unpack_from(content, place)
        if (group, number) != _ITEM:
            break
        place += layout.size
        if length == _UNDEFINED or place + length > len(content):
            raise UnusableImageError(f"truncated pixel data: {len(content) - place} of {length} bytes of a fragment")
        found.append(content[place : place + length])
        place += length
    if element.delimited and found and bytes(content[place : place + 4]) != struct.pack(layout.format[:3], *_DELIMITER):
        remark("no delimiter after the fragments, all of them are there")
    return found


def _begins_frame(first: memoryview, is_run_length: bool) -> bool:
    """Say whether what should be a basic offset table is the frame itself."""
    if begins_stream(first):
        return True
    return is_run_length and looks_run_length(first)


def looks_run_length(content: bytes | memoryview) -> bool:
    """Say whether bytes begin as an RLE frame: the number of segments, then where the first begins (PS3.5 G.5)."""
    if len(content) < 64:
        return False
    segments, first = struct.unpack("<II", content[:8])
    return 1 <= segments <= 15 and first == 64


def holds_items(element: PixelData) -> bool:
    """Say whether the content begins with an item: fragments, whatever the transfer syntax says."""
    layout = "<HH" if element.little else ">HH"
    return len(element.content) >= 8 and struct.unpack(layout, element.content[:4]) == _ITEM
