"""Pixels stored as plain bytes, or decoded to them: native, RLE and deflated (PS3.5 8.1, G)."""

import itertools
import struct
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray

from crossray import elements
from crossray.errors import UnusableImageError
from crossray.limits import check_bytes, check_frame
from crossray.pixel_data import PixelData
from crossray.remarks import remark

#: photometric interpretation of three values a pixel -> what they are when a codec has undone the transform that its
#: stream has (PS3.3 C.7.6.3.1.2, PS3.5 8.2.4)
COLOURS = {
    "RGB": "RGB",
    "YBR_FULL": "YBR",
    "YBR_FULL_422": "YBR",
    "YBR_PARTIAL_422": "YBR partial",
    "YBR_PARTIAL_420": "YBR partial",
    "YBR_ICT": "RGB",
    "YBR_RCT": "RGB",
}
_SHARED_COLOURS = ("YBR_FULL_422", "YBR_PARTIAL_422")

_FLOATS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
_RLE_HEADER = struct.Struct("<16I")
#: how much longer a segment may be than its pixels, whose last bytes are rubbish then
_PADDED, _SPARE = 2, 1024


def shape(header: pydicom.Dataset) -> tuple[int, int]:
    """Return rows and columns.

    Raises:
        UnusableImageError: if the header does not say, or says more than is read (:mod:`crossray.limits`).
    """
    found = []
    for name, tag in (("Rows", "0028,0010"), ("Columns", "0028,0011")):
        number = elements.integer(header, name)
        if number is None or number < 1:
            raise UnusableImageError(f"no {name} ({tag})")
        found.append(number)
    check_frame(*found)
    return found[0], found[1]


def bits_allocated(header: pydicom.Dataset, element: PixelData) -> int:
    """Return the bits that a value takes in the file.

    Raises:
        UnusableImageError: if the header does not say, or says a number that is not read here.
    """
    bits = _FLOATS.get(element.keyword) or elements.integer(header, "BitsAllocated")
    if bits is None or bits < 1:
        raise UnusableImageError("no BitsAllocated (0028,0100)")
    if bits not in (1, 8, 16, 32, 64):
        raise UnusableImageError(f"{bits} bits allocated (0028,0100), 1, 8, 16, 32 or 64 are read")
    stored = elements.integer(header, "BitsStored") or bits
    if stored > bits:
        raise UnusableImageError(f"{stored} bits stored in {bits} allocated")
    return bits


def samples(header: pydicom.Dataset) -> int:
    """Return the values of a pixel, by the header: 1 or 3.

    Raises:
        UnusableImageError: if it says another number.
    """
    found = elements.integer(header, "SamplesPerPixel")
    if found is None or found < 1:
        return 3 if elements.text(header, "PhotometricInterpretation") in COLOURS else 1
    if found not in (1, 3):
        raise UnusableImageError(f"{found} samples per pixel (0028,0002), 1 or 3 are read")
    return found


def expected_bytes(header: pydicom.Dataset, bits: int | None = None) -> int:
    """Return the bytes of the frame.

    Raises:
        UnusableImageError: if they are more than is read.
    """
    rows, columns = shape(header)
    bits = bits or elements.integer(header, "BitsAllocated") or 8
    return check_bytes(-(-rows * columns * samples(header) * bits // 8), "an image")


def is_complete(header: pydicom.Dataset, element: PixelData) -> bool:
    """Say whether the element has as many bytes as plain pixels need."""
    bits = bits_allocated(header, element)
    return len(element.content) >= (_bytes_of_shared_colours(header, bits) or expected_bytes(header, bits))


def values(header: pydicom.Dataset, element: PixelData) -> NDArray:
    """Return the values of native pixel data, shape (rows, columns) or (rows, columns, 3).

    Raises:
        UnusableImageError: if they are cut off, or so many that the header must be wrong.
    """
    return plain(header, element.content, element)


def plain(header: pydicom.Dataset, content: bytes | memoryview, element: PixelData) -> NDArray:
    """Return the values in plain bytes; as :func:`values`."""
    bits = bits_allocated(header, element)
    rows, columns = shape(header)
    count = samples(header)
    expected = expected_bytes(header, bits)
    shared = _bytes_of_shared_colours(header, bits)
    if shared and len(content) < expected:
        expected = shared
    else:
        shared = 0
    if len(content) < expected:
        raise UnusableImageError(f"truncated pixel data: {len(content)} of {expected} bytes")
    if len(content) >= max(2 * expected, expected + 2):  # one byte more may only fill up
        raise UnusableImageError(f"{len(content)} bytes of pixel data where the header asks for {expected}")
    found = _numbers(content, bits, element, (expected * 8) // bits if bits > 1 else rows * columns * count)
    if shared:  # two of brightness, then the two differences that they share
        brightness = found.reshape(-1, 4)[:, :2].reshape(rows, columns)
        return np.repeat(brightness[..., None], 3, axis=2)
    if count == 1:
        return found.reshape(rows, columns)
    if elements.integer(header, "PlanarConfiguration") == 1:
        return np.moveaxis(found.reshape(count, rows, columns), 0, -1)
    return found.reshape(rows, columns, count)


def _bytes_of_shared_colours(header: pydicom.Dataset, bits: int) -> int:
    """Return the bytes of a frame in which two pixels share their colour (PS3.3 C.7.6.3.1.2); 0 if they do not."""
    rows, columns = shape(header)
    halved = elements.text(header, "PhotometricInterpretation") in _SHARED_COLOURS and samples(header) == 3
    return rows * columns * 2 * bits // 8 if halved and bits >= 8 and columns % 2 == 0 else 0


def _numbers(content: bytes | memoryview, bits: int, element: PixelData, count: int) -> NDArray:
    """Read numbers as they are written."""
    order = "<" if element.little else ">"
    if element.keyword in _FLOATS:
        return np.frombuffer(content, f"{order}f{bits // 8}", count).astype(f"f{bits // 8}", copy=False)
    if bits <= 8:
        found = np.frombuffer(content, np.uint8)
        if not element.little and element.vr == "OW":
            # Big endian files have them in words of two bytes, the second first (PS3.5 A.3).
            found = found[: len(found) // 2 * 2].view(np.uint16).byteswap().view(np.uint8)
        return found[:count] if bits == 8 else np.unpackbits(found, count=count, bitorder="little")
    return np.frombuffer(content, f"{order}u{bits // 8}", count)


def run_length(header: pydicom.Dataset, content: bytes) -> NDArray:
    """Decode RLE (PS3.5 G): a segment for each byte of each sample, the most significant first.

    Raises:
        UnusableImageError: if the segments do not lie in the frame, do not fit the header, or are damaged.
    """
    rows, columns = shape(header)
    count, bits = samples(header), elements.integer(header, "BitsAllocated") or 8
    expected_bytes(header, bits)
    number, *offsets = _RLE_HEADER.unpack_from(content)
    offsets = [*offsets[:number], len(content)]
    if any(end < start for start, end in itertools.pairwise(offsets)):
        raise UnusableImageError("damaged RLE frame: a segment lies outside it")
    if number != count * bits // 8 or bits not in (8, 16, 32):
        raise UnusableImageError(f"RLE frame of {number} segments where the header asks for {count * bits // 8}")
    planes = [
        _segment(memoryview(content)[start:end], rows * columns).reshape(rows, columns)
        for start, end in itertools.pairwise(offsets)
    ]
    size = bits // 8
    found = [_joined(planes[first : first + size]) for first in range(0, number, size)]
    return found[0] if count == 1 else np.stack(found, axis=-1)


def _segment(content: Any, expected: int) -> NDArray[np.uint8]:
    """Decode a segment; what pads it to an even length may be any byte, though the standard says 0."""
    room = np.empty(_PADDED * expected + _SPARE, np.uint8).data  # into it, the codec writes without a copy
    for trimmed in (content, content[:-1]):
        try:
            data = imagecodecs.packbits_decode(trimmed, out=room)
        except imagecodecs.PackbitsError:
            continue
        if len(data) < expected:
            raise UnusableImageError(f"truncated pixel data: an RLE segment has {len(data)} of {expected} bytes")
        if trimmed is not content:
            remark("RLE segment padded with another byte than 0")
        return np.frombuffer(data, np.uint8, expected)
    raise UnusableImageError("damaged RLE frame: a segment ends within a run, or has too many bytes")


def _joined(planes: list[NDArray[np.uint8]]) -> NDArray:
    """Put the bytes of numbers together, the most significant first."""
    if len(planes) == 1:
        return planes[0]
    return cv2.merge(planes[::-1]).view(f"<u{len(planes)}")[..., 0]
