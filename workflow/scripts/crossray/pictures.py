"""PNG and JPEG files to grey levels or colours, with every bit that they have."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from crossray.decoding import decode_png
from crossray.errors import UnusableImageError
from crossray.grey_levels import GREY_MAX, LUMA, PERCENTILES

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

#: how a PNG file begins, and where it says the bits of a value and that these are grey
_PNG, _DEPTH, _COLOUR_TYPE, _GREY = b"\x89PNG\r\n\x1a\n", 24, 25, 0


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
        deep = opened.mode.startswith("I") or opened.mode == "F"
        if _has_deep_colours(path):
            pixels = _deep(path, opened.size[::-1], colour)
            pixels, deep = turn(pixels) if turn else pixels, True
        else:
            image = PIL.ImageOps.exif_transpose(opened)
            shown = image if deep else image.convert("RGB")
            pixels = np.asarray(shown if deep or colour == "rgb" else shown.convert("L"), dtype=np.float64)
    first, last = np.percentile(pixels, PERCENTILES) if deep else (0, 255)
    levels = np.clip((pixels - first) / ((last - first) or 1), 0, 1)
    return np.round(levels * GREY_MAX).astype(np.uint16)


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
        with PIL.Image.open(path) as opened:
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


def _has_deep_colours(path: Path) -> bool:
    """Say whether a PNG file has colours or transparency of 16 bits, of which Pillow keeps 8."""
    with path.open("rb") as file:
        first = file.read(_COLOUR_TYPE + 1)
    return first.startswith(_PNG) and first[_DEPTH] == 16 and first[_COLOUR_TYPE] != _GREY


def _deep(path: Path, shape: tuple[int, int], colour: str) -> NDArray[np.float64]:
    """Return the levels of such a file."""
    pixels = decode_png(path.read_bytes(), shape).astype(np.float64)
    if pixels.shape[2] >= 3:
        return pixels[..., :3] if colour == "rgb" else pixels[..., :3] @ LUMA
    return pixels[..., 0]
