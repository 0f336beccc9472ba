"""PNG and JPEG files to grey levels or colours, with every bit that they have."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from crossray.decoding import decode_png
from crossray.errors import UnusableImageError
from crossray.grey_levels import GREY_MAX, LUMA, percentiles
from crossray.limits import Reads, check_bytes, check_file, check_frame, row_blocks
from crossray.streams import check_scans

#: the suffixes of such files
SUFFIXES = {".png", ".jpg", ".jpeg"}

#: EXIF's tag of how a picture was held; from this value on it lies on its side
_ORIENTATION, _FIRST_TURNED = 0x0112, 5

#: how a picture is turned upright, by EXIF's number
_TURNS: dict[int, Callable[[NDArray], NDArray]] = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.swapaxes(np.rot90(pixels, 2), 0, 1),
    8: np.rot90,
}

#: how a PNG file begins, and where it says the bits of a value and the type of its colours
_PNG, _DEPTH, _COLOUR_TYPE = b"\x89PNG\r\n\x1a\n", 24, 25
#: types of colours, and the values of a pixel: colours, grey with transparency, colours with transparency
_CHANNELS = {2: 3, 4: 2, 6: 4}

#: what is opened: of the formats that Pillow knows some run programs, and few are as well tried
_FORMATS = ("PNG", "JPEG")


def read_picture(path: Path, colour: str) -> NDArray[np.uint16]:
    """Read a PNG or JPEG file.

    Args:
        path: the file.
        colour: ``grey``, where colours become their brightness, or ``rgb``.

    Returns:
        Levels 0 black to 65535 white, of shape (rows, columns), or (rows, columns, 3) for ``rgb``: 8 bits as they are,
        more stretched between :data:`crossray.grey_levels.PERCENTILES` of the picture. Transparency does not count.

    Raises:
        UnusableImageError: if the file is no such picture, damaged or cut off.
    """
    with _opened(path) as opened:
        turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
        if channels := _deep_channels(path):
            check_bytes(opened.width * opened.height * channels * 2, "an image")
            pixels = _deep(path, opened.size[::-1], colour)
            return _stretched(turn(pixels) if turn else pixels)
        image = PIL.ImageOps.exif_transpose(opened)
        if opened.mode.startswith("I") or opened.mode == "F":
            return _stretched(np.asarray(image))
        shown = image.convert("RGB")
        return cv2.LUT(np.asarray(shown if colour == "rgb" else shown.convert("L")), _WHOLE_RANGE)


def _stretched(pixels: NDArray) -> NDArray[np.uint16]:
    """Stretch levels between :data:`crossray.grey_levels.PERCENTILES` of the picture; whole numbers by a table."""
    first, last = percentiles(pixels)
    if pixels.dtype == np.uint16:
        return cv2.LUT(np.ascontiguousarray(pixels), _between(np.arange(2**16), first, last))
    levels = np.empty(pixels.shape, np.uint16)
    for rows in row_blocks(pixels.shape):
        levels[rows] = _between(pixels[rows], first, last)
    return levels


def _between(pixels: NDArray, first: float, last: float) -> NDArray[np.uint16]:
    """Return levels of a range, 0 to :data:`crossray.grey_levels.GREY_MAX`."""
    levels = np.clip((pixels - first) / ((last - first) or 1), 0, 1)
    return np.round(levels * GREY_MAX).astype(np.uint16)


#: the level of each value of 8 bits
_WHOLE_RANGE = _between(np.arange(256), 0, 255)


def read_picture_shape(path: Path) -> tuple[int, int]:
    """Return the rows and columns of a picture as it is seen, from its header alone.

    Raises:
        UnusableImageError: if the file is missing or no such picture.
    """
    with _opened(path) as image:
        width, height = image.size
        turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
    return (width, height) if turned else (height, width)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    """Open a picture; whatever is wrong with it, here or later, becomes a reason."""
    try:
        size = check_file(path)
        with path.open("rb") as file, PIL.Image.open(cast("BinaryIO", Reads(file, size)), formats=_FORMATS) as opened:
            check_frame(opened.height, opened.width, coded=size)
            if opened.format == "JPEG":
                check_scans(path.read_bytes())
            yield opened
    except UnusableImageError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise UnusableImageError("unreadable image: neither PNG nor JPEG") from error
    except PIL.Image.DecompressionBombError as error:
        raise UnusableImageError("unreadable image: too many pixels") from error
    except MemoryError as error:
        raise UnusableImageError("too large for the memory") from error
    except FileNotFoundError as error:
        raise UnusableImageError("file not found") from error
    except Exception as error:  # any bytes may come in
        raise UnusableImageError("unreadable image: damaged or truncated") from error


def _deep_channels(path: Path) -> int:
    """Return the values of a pixel of a PNG file with colours or transparency of 16 bits, of which Pillow keeps 8.

    Returns:
        0 for any other file.
    """
    with path.open("rb") as file:
        first = file.read(_COLOUR_TYPE + 1)
    deep = first.startswith(_PNG) and len(first) > _COLOUR_TYPE and first[_DEPTH] == 16
    return _CHANNELS.get(first[_COLOUR_TYPE], 0) if deep else 0


def _deep(path: Path, shape: tuple[int, int], colour: str) -> NDArray:
    """Return the levels of such a file, or their brightness."""
    pixels = decode_png(path.read_bytes(), shape)
    if pixels.shape[2] < 3:
        return pixels[..., 0]
    if colour == "rgb":
        return pixels[..., :3]
    brightness = np.empty(pixels.shape[:2])
    for rows in row_blocks(pixels.shape):
        brightness[rows] = pixels[rows].astype(np.float64)[..., :3] @ LUMA
    return brightness
