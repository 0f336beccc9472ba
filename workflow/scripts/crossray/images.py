"""Image files of any kind to square 8-bit pixels, grey or colour: DICOM, PNG and JPEG; cropped or padded, resized."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crossray.area import Levels, area_means
from crossray.dicom import read_dicom, read_dicom_shape
from crossray.errors import FILE_NOT_FOUND, UnusableImageError
from crossray.grey_levels import GREY_MAX, PERCENTILES
from crossray.pictures import SUFFIXES, read_picture, read_picture_shape
from crossray.remarks import remark

#: an image longer than this, by its width, is a strip and no radiograph; BRAX has a dozen of them
_LARGEST_RATIO = 8

#: a picture is blank if all but the darkest and the brightest of its pixels, in per cent, lie within so many of 255
#: levels; of 1,743 radiographs the flattest has 92 between them
BLANK_PERCENTILES, BLANK_LEVELS = (2.0, 98.0), 25.0

#: pixels along each side, at most, that are looked at for that
_LOOKED_AT = 128


def preprocessing(fit: str, burnt_in: str, colour: str = "grey") -> dict[str, Any]:
    """Say how pixels are made; stamped on every shard."""
    return {
        "colour": colour,
        "fit": {"crop": "centre crop", "pad": "whole, on black"}[fit],
        "resize": "area",
        "window": "the header's first usable, else none up to 8 bits and percentiles above",
        "percentiles": list(PERCENTILES),
        "burnt_in": burnt_in,
    }


def load_square(
    path: Path,
    size: int,
    fit: str = "crop",
    burnt_in: str = "reject",
    areas: Iterable[Sequence[float]] = (),
    colour: str = "grey",
    blank: str = "warn",
) -> NDArray[np.uint8]:
    """Read an image file and make it a square.

    Args:
        path: a PNG or JPEG file by its suffix, otherwise DICOM.
        size: pixels along each side of the result.
        fit: ``crop``, the largest centred square, or ``pad``, the whole image, centred on black. Squares are of the
            body: pixels that are not square are taken as high and wide as the header says.
        burnt_in: what is done with files whose header says that text is burnt in (:func:`crossray.dicom.read_dicom`).
        areas: the rectangles to black out.
        colour: ``grey``, or ``rgb``, where an image without colours, and every DICOM file, is grey in each of three
            channels.
        blank: what is done with a picture that is nearly black, white or constant (:func:`blankness`): ``reject``, or
            ``warn``, a line in the log.

    Returns:
        Levels 0 black to 255 white, of shape (size, size), or (size, size, 3) for ``rgb``.

    Raises:
        UnusableImageError: if the file is missing or cannot be used, with the reason.
    """
    if not path.is_file():
        raise UnusableImageError(FILE_NOT_FOUND)
    if path.stat().st_size == 0:
        raise UnusableImageError("empty file")
    is_picture = path.suffix.lower() in SUFFIXES
    levels, aspect = (read_picture(path, colour), 1.0) if is_picture else read_dicom(path, burnt_in, areas)
    height, width = levels.shape[0] * aspect, levels.shape[1]
    if max(height, width) > _LARGEST_RATIO * min(height, width):
        raise UnusableImageError(f"a strip of {levels.shape[0]} x {levels.shape[1]} pixels")
    if flaw := blankness(centre_square(levels, aspect) if fit == "crop" else levels):
        if blank == "reject":
            raise UnusableImageError(flaw)
        remark(flaw)
    square = np.round(to_square(levels, aspect, size, fit) / (GREY_MAX / 255)).astype(np.uint8)
    return np.repeat(square[..., None], 3, axis=2) if colour == "rgb" and square.ndim == 2 else square


def blankness(levels: Levels) -> str | None:
    """Say what is wrong with a picture on which nothing can be seen; None if something can.

    Whatever the reason, a wrong window, a wrong table or a plate without a patient, such a picture must not pass
    unnoticed: :data:`BLANK_LEVELS` is the limit.

    Args:
        levels: 0 black to 65535 white, shape (rows, columns) or (rows, columns, 3).
    """
    down, across = (-(-side // _LOOKED_AT) for side in levels.shape[:2])
    low, high = np.percentile(np.asarray(levels[::down, ::across]), BLANK_PERCENTILES) / (GREY_MAX / 255)
    if high - low >= BLANK_LEVELS:
        return None
    name = "black" if high < BLANK_LEVELS else "white" if low > 255 - BLANK_LEVELS else "constant"
    return f"a picture that is nearly {name}: 96% of its pixels lie within {BLANK_LEVELS:g} of 255 grey levels"


def to_square(levels: Levels, aspect: float, size: int, fit: str) -> NDArray:
    """Make an image a square; what lies over an image, such as a mask, goes the same way.

    Args:
        levels: shape (rows, columns) or (rows, columns, 3), uint8 or uint16.
        aspect: the height of a pixel by its width.
        size: pixels along each side of the result.
        fit: as in :func:`load_square`.

    Returns:
        Means of the levels, shape (size, size) or (size, size, 3).
    """
    return _resized(centre_square(levels, aspect), size, size) if fit == "crop" else _padded(levels, aspect, size)


def read_shape(path: Path) -> tuple[int, int, float]:
    """Return the rows and columns of an image file and the height of a pixel by its width, from its header alone.

    Raises:
        UnusableImageError: if the file is missing or its header cannot be read.
    """
    if path.suffix.lower() in SUFFIXES:
        return *read_picture_shape(path), 1.0
    return read_dicom_shape(path)


def centre_square(levels: Levels, aspect: float = 1.0) -> Levels:
    """Cut the largest centred square out of an image.

    Args:
        levels: shape (rows, columns), or (rows, columns, 3).
        aspect: the height of a pixel by its width; the square is of the body, not of the array.
    """
    rows, columns = levels.shape[:2]
    side = min(rows * aspect, columns)
    kept = max(1, round(side / aspect)), max(1, round(side))
    top, left = (rows - kept[0]) // 2, (columns - kept[1]) // 2
    return levels[top : top + kept[0], left : left + kept[1]]


def _padded(levels: Levels, aspect: float, size: int) -> NDArray:
    """Fit a whole image into a black square."""
    height, width = levels.shape[0] * aspect, levels.shape[1]
    rows, columns = (max(1, round(size * side / max(height, width))) for side in (height, width))
    square = np.zeros((size, size, *levels.shape[2:]))
    top, left = (size - rows) // 2, (size - columns) // 2
    square[top : top + rows, left : left + columns] = _resized(levels, rows, columns)
    return square


def _resized(levels: Levels, rows: int, columns: int) -> NDArray:
    """Resize by area; enlarge linearly."""
    if levels.shape[0] < rows or levels.shape[1] < columns:
        return cv2.resize(np.asarray(levels), (columns, rows), interpolation=cv2.INTER_LINEAR)
    if levels.ndim == 2:
        return area_means(levels, rows, columns)
    return np.stack([area_means(channel, rows, columns) for channel in np.moveaxis(np.asarray(levels), 2, 0)], axis=2)
