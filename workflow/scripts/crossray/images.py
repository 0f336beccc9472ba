"""Image files of any kind to square 8-bit pixels: DICOM, PNG and JPEG; cropped or padded, resized by area."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from crossray.area import area_means
from crossray.dicom import read_dicom
from crossray.errors import UnusableImageError
from crossray.grey_levels import GREY_MAX, PERCENTILES

_PIL_SUFFIXES = {".png", ".jpg", ".jpeg"}

#: an image longer than this, by its width, is a strip and no radiograph; BRAX has a dozen of them
_LARGEST_RATIO = 8


def preprocessing(fit: str, burnt_in: str) -> dict[str, Any]:
    """Say how pixels are made; stamped on every shard."""
    return {
        "fit": {"crop": "centre crop", "pad": "whole, on black"}[fit],
        "resize": "area",
        "window": "the header's first, else none up to 8 bits and percentiles above",
        "percentiles": list(PERCENTILES),
        "burnt_in": burnt_in,
    }


def load_square(
    path: Path,
    size: int,
    fit: str = "crop",
    burnt_in: str = "reject",
    areas: Iterable[Sequence[float]] = (),
) -> NDArray[np.uint8]:
    """Read an image file and make it a square.

    Args:
        path: a PNG or JPEG file by its suffix, otherwise DICOM.
        size: pixels along each side of the result.
        fit: ``crop``, the largest centred square, or ``pad``, the whole image, centred on black. Squares are of the
            body: pixels that are not square are taken as high and wide as the header says.
        burnt_in: what is done with files whose header says that text is burnt in (:func:`crossray.dicom.read_dicom`).
        areas: the rectangles to black out.

    Returns:
        Grey levels of shape (size, size), 0 black to 255 white.

    Raises:
        UnusableImageError: if the file is missing or cannot be used, with the reason.
    """
    if not path.is_file():
        raise UnusableImageError("file not found")
    if path.stat().st_size == 0:
        raise UnusableImageError("empty file")
    is_picture = path.suffix.lower() in _PIL_SUFFIXES
    grey, aspect = (_read_pillow(path), 1.0) if is_picture else read_dicom(path, burnt_in, areas)
    height, width = grey.shape[0] * aspect, grey.shape[1]
    if max(height, width) > _LARGEST_RATIO * min(height, width):
        raise UnusableImageError(f"a strip of {grey.shape[0]} x {grey.shape[1]} pixels")
    resized = _resized(centre_square(grey, aspect), size, size) if fit == "crop" else _padded(grey, aspect, size)
    return np.round(resized / (GREY_MAX / 255)).astype(np.uint8)


def centre_square(grey: NDArray, aspect: float = 1.0) -> NDArray:
    """Cut the largest centred square out of an image.

    Args:
        grey: shape (rows, columns).
        aspect: the height of a pixel by its width; the square is of the body, not of the array.
    """
    rows, columns = grey.shape
    side = min(rows * aspect, columns)
    kept = max(1, round(side / aspect)), max(1, round(side))
    top, left = (rows - kept[0]) // 2, (columns - kept[1]) // 2
    return grey[top : top + kept[0], left : left + kept[1]]


def _padded(grey: NDArray, aspect: float, size: int) -> NDArray:
    """Fit a whole image into a black square."""
    height, width = grey.shape[0] * aspect, grey.shape[1]
    rows, columns = (max(1, round(size * side / max(height, width))) for side in (height, width))
    square = np.zeros((size, size))
    top, left = (size - rows) // 2, (size - columns) // 2
    square[top : top + rows, left : left + columns] = _resized(grey, rows, columns)
    return square


def _resized(grey: NDArray, rows: int, columns: int) -> NDArray:
    """Resize by area; enlarge linearly."""
    if grey.shape[0] >= rows and grey.shape[1] >= columns:
        return area_means(grey, rows, columns)
    return cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_LINEAR)


def _read_pillow(path: Path) -> NDArray[np.uint16]:
    """Read a PNG or JPEG; 8 bits as they are, 16 bits stretched between :data:`PERCENTILES`; colour as luma."""
    try:
        with PIL.Image.open(path) as opened:
            image = PIL.ImageOps.exif_transpose(opened)
            deep = image.mode.startswith("I") or image.mode == "F"
            pixels = np.asarray(image if deep else image.convert("RGB").convert("L"), dtype=np.float64)
    except Exception as error:  # any bytes may come in
        raise UnusableImageError(f"unreadable image ({type(error).__name__})") from error
    first, last = np.percentile(pixels, PERCENTILES) if deep else (0, 255)
    grey = np.clip((pixels - first) / ((last - first) or 1), 0, 1)
    return np.round(grey * GREY_MAX).astype(np.uint16)
