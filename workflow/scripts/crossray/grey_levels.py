"""Stored values of a DICOM file to grey levels: modality transform, window, inversion, padding, colour.

For up to 16 bits, results are computed once for every possible value, and looked up.
"""

from collections.abc import Callable

import numpy as np
import pydicom
from numpy.typing import NDArray

from crossray import elements, lookup
from crossray.area import IndexedLevels, Levels
from crossray.errors import UnusableImageError
from crossray.frames import Frame
from crossray.limits import row_blocks
from crossray.remarks import remark
from crossray.stored_bits import padding
from crossray.windows import Shown, voi_of

#: grey levels between which an image of more than 8 bits without any window is stretched, in per cent
PERCENTILES = (0.5, 99.5)

GREY_MAX = 65535

#: weights of red, green and blue in the brightness (ITU-R BT.601, as in PS3.3 C.7.6.3.1.2)
LUMA = np.array([0.299, 0.587, 0.114])

#: black and white of brightness in YBR_PARTIAL, of 255
_PARTIAL = (16, 235)

_TABLE_BITS = 16

#: from values to values
_Transform = Callable[[NDArray], NDArray]


def grey_levels(header: pydicom.Dataset, frame: Frame, little: bool) -> Levels:
    """Turn a frame into grey levels, 0 to :data:`GREY_MAX`, as its header means it to be seen.

    Args:
        header: the header.
        frame: the frame; colour under a header of greyscale counts as its brightness.
        little: the order of bytes of the file.

    Raises:
        UnusableImageError: if the header's transforms cannot be understood.
    """
    photometric = elements.text(header, "PhotometricInterpretation")
    if frame.colours and photometric in ("MONOCHROME1", "MONOCHROME2"):
        brightness = _of_colours(frame, lambda grey: np.rint(grey * (2**frame.bits - 1)).astype(np.uint16))
        remark("colour stream under a header of greyscale: its brightness counts")
        return _grey_of_monochrome(Frame(brightness, frame.bits, False), header, little)
    if frame.colours:
        return _of_colours(frame, _rounded)
    if photometric == "PALETTE COLOR":
        return _grey_of_palette(frame, header, little)
    return _grey_of_monochrome(frame, header, little)


def _of_colours(frame: Frame, levels: Callable[[NDArray], NDArray[np.uint16]]) -> NDArray[np.uint16]:
    """Return levels of the brightness of colours, shape (rows, columns)."""
    found = np.empty(frame.values.shape[:2], np.uint16)
    for rows in row_blocks(found.shape):
        found[rows] = levels(_brightness(frame, frame.values[rows]))
    return found


def _brightness(frame: Frame, values: NDArray) -> NDArray[np.float64]:
    """Return the brightness of some of the values of a frame of colours, 0 to 1."""
    largest = 2**frame.bits - 1
    if frame.colours == "RGB":
        return values @ LUMA / largest
    brightness = values[..., 0].astype(np.float64) / largest
    if frame.colours == "YBR partial":
        black, white = (level * 2 ** (frame.bits - 8) / largest for level in _PARTIAL)
        brightness = (brightness - black) / (white - black)
    return brightness


def _grey_of_palette(frame: Frame, header: pydicom.Dataset, little: bool) -> Levels:
    """Look colours up in the palette (PS3.3 C.7.6.3.1.5) and turn them into brightness."""
    tables = lookup.palette(header, little, _ends(frame))
    if tables is None:
        raise UnusableImageError("palette colour without a palette, or not a whole one (0028,1101 and 1201)")

    def colours(inputs: NDArray) -> NDArray[np.uint16]:
        shown = sum(weight * each(inputs) for weight, each in zip(LUMA, tables, strict=True))
        return _rounded(np.asarray(shown) / tables[0].largest)

    return _mapped(frame, colours)


def _grey_of_monochrome(frame: Frame, header: pydicom.Dataset, little: bool) -> Levels:
    """Turn stored values into grey levels, in the order of PS3.4 N.2.

    Modality LUT or rescale (PS3.3 C.11.1), VOI LUT or window (C.11.2; the first of several that is one), inversion of
    MONOCHROME1 or of the presentation LUT shape INVERSE, once where both say so (C.11.6). Without a window up to 8
    bits are taken as they are and more are stretched between :data:`PERCENTILES`. Padding (C.7.5.1.1.2) is black, and
    does not count for the percentiles.
    """
    modality, ends = _modality(header, frame, little)
    window = voi_of(header, little, ends, signed=ends[0] < 0)
    if window is None:
        window = _without_window(header, frame, modality, ends)
    inverse = elements.text(header, "PhotometricInterpretation") == "MONOCHROME1" or (
        elements.text(header, "PresentationLUTShape") == "INVERSE"
    )

    def shown(inputs: NDArray) -> NDArray[np.uint16]:
        grey = window(modality(inputs))
        return np.where(padding(inputs, header), 0, _rounded(1 - grey if inverse else grey)).astype(np.uint16)

    return _mapped(frame, shown)


def _modality(header: pydicom.Dataset, frame: Frame, little: bool) -> tuple[_Transform, tuple[float, float]]:
    """Return the modality transform, and between which values its results lie, whatever the image has of them."""
    ends = _ends(frame)
    for item in elements.items(header, "ModalityLUTSequence")[:1]:
        table = lookup.table(item, little, ends, frame.signed)
        if table is not None:
            return table, (0.0, float(table.largest))
        remark("modality LUT (0028,3000) without all of its entries, taken as missing")
    slope, intercept = elements.number(header, "RescaleSlope"), elements.number(header, "RescaleIntercept")
    if slope == 0:
        remark("rescale slope (0028,1053) of 0, no rescale")
    if not slope or intercept is None:
        return lambda values: np.asarray(values, np.float64), ends
    first, last = sorted(end * slope + intercept for end in ends)
    return lambda values: np.asarray(values, np.float64) * slope + intercept, (first, last)


def _ends(frame: Frame) -> tuple[float, float]:
    """Return the smallest and the largest stored value that there can be; of floats, that there is."""
    if not frame.bits:
        finite = frame.values[np.isfinite(frame.values)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return (-(2.0 ** (frame.bits - 1)), 2.0 ** (frame.bits - 1) - 1) if frame.signed else (0.0, 2.0**frame.bits - 1)


def _without_window(header: pydicom.Dataset, frame: Frame, modality: _Transform, ends: tuple[float, float]) -> Shown:
    """Return the default window: the whole range of up to 8 bits, else percentiles of the image."""
    first, last = ends
    if not 1 <= frame.bits <= 8:
        first, last = _percentiles_shown(frame, header, modality)
    return lambda values: (values - first) / ((last - first) or 1)


def _percentiles_shown(frame: Frame, header: pydicom.Dataset, modality: _Transform) -> tuple[float, float]:
    """Return the percentiles of a frame after the modality transform, without padding; (0, 0) of nothing."""
    values = frame.values
    if frame.bits and (ends := _range_of_table(frame)):
        inputs = np.arange(ends[0], ends[1] + 1)
        counts = np.where(padding(inputs, header), 0, _counts(values, *ends))
        return _percentiles_of(modality(inputs), counts)
    image = [modality(block[counted]) for block in map(values.__getitem__, row_blocks(values.shape))
             if (counted := ~padding(block, header) if frame.bits else np.isfinite(block)).any()]  # fmt: skip
    if not image:
        return 0.0, 0.0
    first, last = np.percentile(np.concatenate(image), PERCENTILES, overwrite_input=True)
    return first, last


def percentiles(values: NDArray) -> tuple[float, float]:
    """Return :data:`PERCENTILES` of an image; of numbers of 16 bits by their counts, which takes no copy of them."""
    if values.dtype != np.uint16:
        first, last = np.percentile(values, PERCENTILES)
        return first, last
    return _percentiles_of(np.arange(2**16), _counts(values, 0, 2**16 - 1))


def _counts(values: NDArray, low: int, high: int) -> NDArray[np.int64]:
    """Return how many of the values are each whole number from ``low`` to ``high``."""
    counts = np.zeros(high - low + 1, np.int64)
    for rows in row_blocks(values.shape):
        counts += np.bincount(values[rows].astype(np.int64).ravel() - low, minlength=len(counts))[: len(counts)]
    return counts


def _percentiles_of(values: NDArray, counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return the percentiles of values that occur so often, as numpy's; (0, 0) if none occurs."""
    order = np.argsort(values, kind="stable")
    ordered, until = values[order].astype(np.float64), np.cumsum(counts[order])
    if not until[-1]:
        return 0.0, 0.0
    places = (until[-1] - 1) * (np.array(PERCENTILES) / 100)
    below = np.floor(places)
    low, high = (ordered[np.searchsorted(until, np.minimum(at, until[-1] - 1), side="right")] for at in
                 (below, below + 1))  # fmt: skip
    part = places - below
    first, last = np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
    return first, last


def _mapped(frame: Frame, shown: _Transform) -> Levels:
    """Map stored values to grey levels: each possible value once, where there are few enough."""
    values = frame.values
    if ends := _range_of_table(frame):
        low, high = ends
        return _indexed(values if low == 0 else values - low, shown(np.arange(low, high + 1)))
    levels = np.empty(values.shape, np.uint16)
    for rows in row_blocks(values.shape):
        block = values[rows]
        levels[rows] = shown(block.astype(np.float64) if block.dtype.kind == "f" else block)
    return levels


def _range_of_table(frame: Frame) -> tuple[int, int] | None:
    """Return the smallest and the largest number that values are mapped from by a table; None where by itself each."""
    if frame.values.dtype.kind == "f":
        return None
    if frame.values.dtype.kind == "u":
        low, high = 0, 2**frame.bits - 1
    else:
        low, high = min(int(frame.values.min()), 0), int(frame.values.max())
    return (low, high) if high - low < 2**_TABLE_BITS else None


def _indexed(values: NDArray, table: NDArray[np.uint16]) -> IndexedLevels:
    """Store values in as few bytes as they have, with a table of every value that these can hold."""
    dtype = np.dtype(np.uint8 if values.dtype.itemsize == 1 else np.uint16)
    whole = np.zeros(2 ** (8 * dtype.itemsize), np.uint16)
    whole[: len(table)] = table
    return IndexedLevels(np.ascontiguousarray(values, dtype), whole)


def _rounded(grey: NDArray) -> NDArray[np.uint16]:
    return np.round(np.clip(np.nan_to_num(grey), 0, 1) * GREY_MAX).astype(np.uint16)
