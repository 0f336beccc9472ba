"""Stored values of a DICOM file to grey levels: modality transform, window, inversion, padding, colour.

What is computed from up to 16 bits is computed once for every possible value, to be looked up.
"""

from collections.abc import Callable

import numpy as np
import pydicom
from numpy.typing import NDArray

from crossray import elements, lookup
from crossray.area import IndexedLevels, Levels
from crossray.errors import UnusableImageError
from crossray.frames import Frame
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
        brightness = np.rint(_brightness(frame) * (2**frame.bits - 1)).astype(np.uint16)
        remark("colour stream under a header of greyscale: its brightness counts")
        return _grey_of_monochrome(Frame(brightness, frame.bits, False), header, little)
    if frame.colours:
        return _rounded(_brightness(frame))
    if photometric == "PALETTE COLOR":
        return _grey_of_palette(frame, header, little)
    return _grey_of_monochrome(frame, header, little)


def _brightness(frame: Frame) -> NDArray[np.float64]:
    """Return the brightness of colours, 0 to 1."""
    largest = 2**frame.bits - 1
    if frame.colours == "RGB":
        return frame.values @ LUMA / largest
    brightness = frame.values[..., 0].astype(np.float64) / largest
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
    """Return what stands for a missing window: the whole range of up to 8 bits, else percentiles of the image."""
    first, last = ends
    if not 1 <= frame.bits <= 8:
        counted = ~padding(frame.values, header) if frame.bits else np.isfinite(frame.values)
        image = modality(frame.values[counted])
        first, last = np.percentile(image, PERCENTILES) if image.size else (0.0, 0.0)
    return lambda values: (values - first) / ((last - first) or 1)


def _mapped(frame: Frame, shown: _Transform) -> Levels:
    """Map stored values to grey levels: each possible value once, where there are few enough."""
    values = frame.values
    if values.dtype.kind == "f":
        return shown(values.astype(np.float64))
    if values.dtype.kind == "u":
        low, high = 0, 2**frame.bits - 1
    else:
        low, high = min(int(values.min()), 0), int(values.max())
    if high - low >= 2**_TABLE_BITS:
        return shown(values)
    return _indexed(values if low == 0 else values - low, shown(np.arange(low, high + 1)))


def _indexed(values: NDArray, table: NDArray[np.uint16]) -> IndexedLevels:
    """Store values in as few bytes as they have, with a table of every value that these can hold."""
    dtype = np.dtype(np.uint8 if values.dtype.itemsize == 1 else np.uint16)
    whole = np.zeros(2 ** (8 * dtype.itemsize), np.uint16)
    whole[: len(table)] = table
    return IndexedLevels(np.ascontiguousarray(values, dtype), whole)


def _rounded(grey: NDArray) -> NDArray[np.uint16]:
    return np.round(np.clip(np.nan_to_num(grey), 0, 1) * GREY_MAX).astype(np.uint16)
