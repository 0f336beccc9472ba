"""Image files of any kind to square 8-bit pixels: DICOM, PNG and JPEG; cut to the centre, resized by area."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from crossray.dicom import GREY_MAX, PERCENTILES, UnusableImageError, read_dicom

#: how pixels are made, stamped on every shard
PREPROCESSING: dict[str, Any] = {
    "fit": "centre crop",
    "resize": "area",
    "window": "the header's first, else none up to 8 bits and percentiles above",
    "percentiles": list(PERCENTILES),
}

_PIL_SUFFIXES = {".png", ".jpg", ".jpeg"}


def load_square(path: Path, size: int) -> NDArray[np.uint8]:
    """Read an image file, cut the centre square out, and resize it.

    Args:
        path: a PNG or JPEG file by its suffix, otherwise DICOM.
        size: pixels along each side of the result.

    Returns:
        Grey levels of shape (size, size), 0 black to 255 white.

    Raises:
        UnusableImageError: if the file is missing or cannot be used, with the reason.
    """
    if not path.is_file():
        raise UnusableImageError("file not found")
    if path.stat().st_size == 0:
        raise UnusableImageError("empty file")
    grey = _read_pillow(path) if path.suffix.lower() in _PIL_SUFFIXES else read_dicom(path)
    square = centre_square(grey)
    shrinks = square.shape[0] >= size
    resized = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.round(resized / (GREY_MAX / 255)).astype(np.uint8)


def centre_square(grey: NDArray) -> NDArray:
    """Cut the largest centred square out of an image of shape (rows, columns)."""
    side = min(grey.shape)
    top, left = ((length - side) // 2 for length in grey.shape)
    return grey[top : top + side, left : left + side]


def _read_pillow(path: Path) -> NDArray[np.uint16]:
    """Read a PNG or JPEG; 8 bits as they are, 16 bits stretched between :data:`PERCENTILES`; colour as luma."""
    try:
        with PIL.Image.open(path) as image:
            deep = image.mode.startswith("I") or image.mode == "F"
            pixels = np.asarray(image if deep else image.convert("L"), dtype=np.float64)
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise UnusableImageError(f"unreadable image: {str(error)[:120]}") from error
    first, last = np.percentile(pixels, PERCENTILES) if deep else (0, 255)
    grey = np.clip((pixels - first) / ((last - first) or 1), 0, 1)
    return np.round(grey * GREY_MAX).astype(np.uint16)
