"""VOI LUT and window of a DICOM header (PS3.3 C.11.2), as far as they are usable."""

from collections.abc import Callable, Iterator

import numpy as np
import pydicom
from numpy.typing import NDArray

from crossray import elements, lookup
from crossray.errors import UnusableImageError
from crossray.remarks import remark

#: from values after the modality transform to 0 black to 1 white, and beyond
Shown = Callable[[NDArray], NDArray]

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def voi_of(header: pydicom.Dataset, little: bool, inputs: tuple[float, float], signed: bool) -> Shown | None:
    """Return the first VOI LUT or window that is one; None without any.

    Args:
        header: the header.
        little: the order of bytes of the file.
        inputs: the smallest and the largest value after the modality transform.
        signed: whether these can be below 0.

    Raises:
        UnusableImageError: if the function of the window is none of the standard's.
    """
    for item in elements.items(header, "VOILUTSequence"):
        table = lookup.table(item, little, inputs, signed)
        if table is not None:
            largest = table.largest
            return lambda values: table(values) / largest
        remark("VOI LUT (0028,3010) without all of its entries, taken as missing")
    return _window_of(header)


def _window_of(header: pydicom.Dataset) -> Shown | None:
    function = elements.text(header, "VOILUTFunction") or "LINEAR"
    there = False
    for center, width in _pairs(header):
        there = True
        if width <= 0 or (function == "LINEAR" and width < 1):
            remark("window width (0028,1051) of 0, below 0 or, where LINEAR, below 1: passed over")
        elif function not in _FUNCTIONS:
            raise UnusableImageError("VOI LUT function (0028,1056) not a defined term")
        else:
            return _window(function, center, width)
    if there:
        remark("no usable window (0028,1050 and 1051), as if there were none")
    return None


def _pairs(header: pydicom.Dataset) -> Iterator[tuple[float, float]]:
    """Yield the windows of the header, centre and width."""
    centers, widths = (elements.numbers(header, name) for name in ("WindowCenter", "WindowWidth"))
    for center, width in zip(centers, widths, strict=False):
        if center is not None and width is not None:
            yield center, width


def _window(function: str, center: float, width: float) -> Shown:
    if function == "SIGMOID":
        return lambda values: 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700)))
    if function == "LINEAR_EXACT":
        return lambda values: (values - center) / width + 0.5
    return lambda values: (values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5
