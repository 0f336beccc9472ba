"""Where the pixel data of a DICOM file are, and the frame joined from its fragments (PS3.5 A.4).

pydicom reads the header up to the pixel data; these are found here, as files are written: without a delimiter, with a
basic offset table that is wrong, lists fragments or is missing, with fragments where the transfer syntax has none.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.errors import InvalidDicomError

from crossray.errors import UnusableImageError
from crossray.remarks import remark
from crossray.streams import begins_stream

#: a data set without the preamble of a file has at least one of these (PS3.3 C.12.1), a text has none
_IDENTITY = {"SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "PatientID", "Rows"}

_KEYWORDS = {0x0010: "PixelData", 0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData"}
_REPRESENTATIONS = (b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"UN")
_UNDEFINED = 0xFFFFFFFF
#: what is read of a file to see whether it is deflated, and how much it may then become
_FIRST_BYTES, _PIECE, _LARGEST_INFLATED = 1024, 1 << 20, 1 << 29
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


def read_header(path: Path) -> pydicom.Dataset:
    """Read a file up to its pixel data, with or without the preamble of PS3.10.

    Raises:
        UnusableImageError: if it is no DICOM file, or damaged.
    """
    return _read(path, pixels=False)[0]


def read_file(path: Path) -> tuple[pydicom.Dataset, PixelData]:
    """Read a file, with or without the preamble of PS3.10.

    Returns:
        The elements before the pixel data, and these.

    Raises:
        UnusableImageError: if it is no DICOM file, damaged, or without pixels.
    """
    header, rest = _read(path, pixels=True)
    if rest is None:
        rest = _deflated_pixels(header)
    element = _element(memoryview(rest), implicit=header.original_encoding[0] is True)
    if element is None:
        raise UnusableImageError("no pixel data (7FE0,0010)")
    if not len(element.content):
        raise UnusableImageError("empty pixel data (7FE0,0010)")
    return header, element


def _read(path: Path, pixels: bool) -> tuple[pydicom.Dataset, bytes | None]:
    """Read the header and, if asked for, all bytes after it; None for them where the file is deflated."""
    try:
        with Path(path).open("rb") as file:
            _check_inflates(file)
            is_file = True
            try:
                header = pydicom.dcmread(file, stop_before_pixels=True)
            except InvalidDicomError:
                file.seek(0)
                header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
                is_file = bool(_IDENTITY & set(header.dir()))
            deflated = _syntax(header) == pydicom.uid.DeflatedExplicitVRLittleEndian
            if deflated and pixels:
                file.seek(0)
                return pydicom.dcmread(file, force=True), None
            # Without a number of bytes, a file is read piece by piece and copied once more.
            rest = file.read(Path(path).stat().st_size - file.tell()) if pixels else None
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


def _check_inflates(file: BinaryIO) -> None:
    """Refuse a deflated file that would fill the memory: a few kilobytes can become gigabytes."""
    first = file.read(_FIRST_BYTES)
    deflated = pydicom.uid.DeflatedExplicitVRLittleEndian.encode()
    if first.startswith(b"DICM", 128) and deflated in first:
        length = struct.unpack_from("<I", first, 140)[0]  # of the meta group (0002,0000)
        file.seek(144 + length)
        inflate, total = zlib.decompressobj(-15), 0
        while total <= _LARGEST_INFLATED and (part := inflate.unconsumed_tail or file.read(_FIRST_BYTES)):
            total += len(inflate.decompress(part, _PIECE))
        if total > _LARGEST_INFLATED:
            raise UnusableImageError(f"deflated data of more than {_LARGEST_INFLATED >> 20} MB")
    file.seek(0)


def _syntax(header: pydicom.Dataset) -> str:
    return str(getattr(header, "file_meta", {}).get("TransferSyntaxUID") or "")


def _deflated_pixels(header: pydicom.Dataset) -> bytes:
    """Return the pixel data of a deflated file, which pydicom has read, as an element again."""
    for number, keyword in _KEYWORDS.items():
        found = header.get(keyword)
        if isinstance(found, bytes):
            return struct.pack("<HH2sHI", 0x7FE0, number, header[keyword].VR[:2].encode(), 0, len(found)) + found
    return b""


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
        UnusableImageError: if there are no fragments, or the last is cut off.
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
