"""Stored values of a DICOM file to grey levels: modality transform, window, inversion, padding, colour.

What is computed from up to 16 bits is computed once for every possible value, to be looked up.
"""

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi

from crossray.area import IndexedLevels, Levels
from crossray.errors import UnusableImageError

#: grey levels between which an image of more than 8 bits without any window is stretched, in per cent
PERCENTILES = (0.5, 99.5)

GREY_MAX = 65535

#: weights of red, green and blue in the brightness (ITU-R BT.601, as in PS3.3 C.7.6.3.1.2)
_LUMA = np.array([0.299, 0.587, 0.114])

#: photometric interpretations whose decoded values are brightness first (PS3.3 C.7.6.3.1.2)
_BRIGHTNESS_FIRST = ("YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420")
#: and those whose decoded values are red, green, blue; codecs undo YBR_ICT and YBR_RCT
_RED_GREEN_BLUE = ("RGB", "YBR_ICT", "YBR_RCT")

_TABLE_BITS = 16


def grey_of_colour(values: NDArray, header: pydicom.Dataset, converted: bool) -> NDArray[np.uint16]:
    """Turn colour into brightness.

    Args:
        values: shape (rows, columns, 3).
        header: its photometric interpretation says what the three are; where it says greyscale or nothing, the pixels
            are believed and taken as red, green, blue.
        converted: whether the codec has turned them into red, green, blue itself.

    Returns:
        Grey levels, 0 to :data:`GREY_MAX`.
    """
    largest = 2 ** min(header.BitsStored, 8 * values.dtype.itemsize) - 1
    if header.get("PhotometricInterpretation") in _BRIGHTNESS_FIRST and not converted:
        brightness = values[..., 0].astype(np.float64)
    else:
        brightness = values @ _LUMA
    return _rounded(brightness / largest)


def grey_of_palette(values: NDArray, header: pydicom.Dataset) -> NDArray[np.uint16]:
    """Look colours up in the palette (PS3.3 C.7.6.3.1.5) and turn them into brightness, 0 to :data:`GREY_MAX`."""
    if "RedPaletteColorLookupTableDescriptor" not in header:
        raise UnusableImageError("palette colour without a palette (0028,1101)")
    colours = apply_color_lut(values, header)
    return _rounded((colours[..., :3] @ _LUMA) / np.iinfo(colours.dtype).max)


def grey_of_monochrome(values: NDArray, header: pydicom.Dataset) -> Levels:
    """Turn stored values into grey levels, in the order of PS3.4 N.2.

    Modality LUT or rescale (PS3.3 C.11.1), VOI LUT or window (C.11.2: LINEAR, LINEAR_EXACT, SIGMOID; the first of
    several), inversion of MONOCHROME1 or of the presentation LUT shape INVERSE, once where both say so (C.11.6).
    Without a window up to 8 bits are taken as they are and more are stretched between :data:`PERCENTILES`. Padding
    (C.7.5.1.1.2) is black, and does not count for the percentiles.

    Args:
        values: shape (rows, columns), stored values, integers or floats (:func:`crossray.frames.decode`).
        header: the header.

    Raises:
        UnusableImageError: if the window is not a window.
    """
    if values.dtype.kind == "f":
        return _levels(values.astype(np.float64), values, header)
    low, high = 0 if values.dtype.kind == "u" else min(int(values.min()), 0), int(values.max())
    if high - low >= 2**_TABLE_BITS:
        return _levels(values.astype(np.float64), values, header)
    return _indexed(values if low == 0 else values - low, _levels(np.arange(low, high + 1), values, header))


def _indexed(values: NDArray, table: NDArray[np.uint16]) -> IndexedLevels:
    """Store values in as few bytes as they have, with a table of every value that these can hold."""
    dtype = np.dtype(np.uint8 if values.dtype.itemsize == 1 else np.uint16)
    whole = np.zeros(2 ** (8 * dtype.itemsize), np.uint16)
    whole[: len(table)] = table
    return IndexedLevels(np.ascontiguousarray(values, dtype), whole)


def _levels(inputs: NDArray, stored: NDArray, header: pydicom.Dataset) -> NDArray[np.uint16]:
    """Map ``inputs``, stored values, to grey levels; ``stored`` is the whole image, for its percentiles."""
    padding = _padding(inputs, header)
    values = np.asarray(apply_modality_lut(inputs, header), dtype=np.float64)
    grey = _windowed(values, header)
    if grey is None and header.BitsStored <= 8 and stored.dtype.kind != "f":
        grey = _full_range(values, header)
    elif grey is None:
        image = np.asarray(apply_modality_lut(stored[~_padding(stored, header)], header), dtype=np.float64)
        first, last = np.percentile(image, PERCENTILES) if image.size else (0.0, 0.0)
        grey = (values - first) / ((last - first) or 1)
    if header.get("PhotometricInterpretation") == "MONOCHROME1" or header.get("PresentationLUTShape") == "INVERSE":
        grey = 1 - grey
    return np.where(padding, 0, _rounded(grey)).astype(np.uint16)


def _rounded(grey: NDArray[np.float64]) -> NDArray[np.uint16]:
    return np.round(np.clip(np.nan_to_num(grey), 0, 1) * GREY_MAX).astype(np.uint16)


def _full_range(values: NDArray[np.float64], header: pydicom.Dataset) -> NDArray[np.float64]:
    """Scale the whole range of up to 8 stored bits to 0 to 1, whatever values occur."""
    bits, signed = int(header.BitsStored), bool(header.get("PixelRepresentation"))
    ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1])
    first, last = np.asarray(apply_modality_lut(ends, header), dtype=np.float64)
    return (values - first) / ((last - first) or 1)


def _padding(values: NDArray, header: pydicom.Dataset) -> NDArray[np.bool_]:
    """Say which values stand for no pixel: Pixel Padding Value (0028,0120), up to its Range Limit (0028,0121)."""
    value = header.get("PixelPaddingValue")
    if value is None or isinstance(value, bytes):
        return np.zeros(values.shape, bool)
    limit = header.get("PixelPaddingRangeLimit")
    ends = [_as_stored(int(end), header) for end in (value, value if limit is None else limit)]
    return (values >= min(ends)) & (values <= max(ends))


def _as_stored(value: int, header: pydicom.Dataset) -> int:
    """Read a number that was written unsigned as the pixels are: files may say US where the pixels are signed."""
    bits = int(header.BitsAllocated)
    signed = bool(header.get("PixelRepresentation")) and value >= 2 ** (bits - 1)
    return value - 2**bits if signed else value


def _windowed(values: NDArray[np.float64], header: pydicom.Dataset) -> NDArray[np.float64] | None:
    """Apply the first VOI LUT or window of the header, to 0 to 1; None if there is none."""
    if header.get("VOILUTSequence"):
        voi = apply_voi(np.round(values).astype(np.int64), header)
        return voi / (2 ** int(header.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    center, width = _first(header.get("WindowCenter")), _first(header.get("WindowWidth"))
    if center is None or width is None:
        return None
    function = str(header.get("VOILUTFunction") or "LINEAR")
    if not width > 0 or (function == "LINEAR" and width < 1):
        raise UnusableImageError("window width (0028,1051) not positive")
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700)))
    if function == "LINEAR_EXACT":
        return (values - center) / width + 0.5
    if function != "LINEAR":
        raise UnusableImageError("VOI LUT function (0028,1056) not a defined term")
    return (values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5


def _first(value: object) -> float | None:
    if isinstance(value, pydicom.multival.MultiValue | list | tuple):
        value = value[0] if len(value) else None
    return None if value in (None, "") else float(value)  # type: ignore[arg-type]
