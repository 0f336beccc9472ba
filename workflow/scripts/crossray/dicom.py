"""DICOM to grey levels: pydicom reads the header, a codec decodes the frame, and one look-up table maps the values.

Nothing here depends on the content of other images; only without a window does the file's own grey-level distribution
decide (:data:`crossray.grey_levels.PERCENTILES`). No reason quotes text of a header, which may be a
patient's: only numbers and words of the standard.
"""

import logging
import math
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from crossray import elements
from crossray.area import Levels
from crossray.errors import UnusableImageError
from crossray.frames import decode
from crossray.functional_groups import lift_groups
from crossray.grey_levels import grey_levels
from crossray.native_pixels import COLOURS, shape
from crossray.pixel_data import read_file, read_header

# pydicom's messages quote values of headers.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

#: what may be done with a file whose header says that text is burnt into the pixels
BURNT_IN = ("reject", "black_out", "keep")

_KNOWN = {"", "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", *COLOURS}
_LARGEST_ASPECT = 10.0
_SHAPES_OF_PIXELS = ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")


def read_dicom(path: Path, burnt_in: str = "reject", areas: Iterable[Sequence[float]] = ()) -> tuple[Levels, float]:
    """Read a single-frame DICOM file as it is meant to be seen.

    Args:
        path: the file.
        burnt_in: one of :data:`BURNT_IN`, for files whose Burned In Annotation (0028,0301) is YES.
        areas: rectangles to black out then: left, top, right, bottom, as shares of the width and the height.

    Returns:
        Grey levels, uint16 of shape (rows, columns), 0 black to 65535 white; and the height of a pixel by its width.

    Raises:
        UnusableImageError: if the file is no DICOM image, is damaged or truncated, or is of a kind that is not
            supported. Nothing else comes out, whatever is in the file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values of headers
        try:
            header, element = read_file(path)
            _check_supported(header)
            lift_groups(header)
            annotated = elements.text(header, "BurnedInAnnotation") == "YES"
            if annotated and burnt_in == "reject":
                raise UnusableImageError("burnt-in annotation (0028,0301)")
            grey = grey_levels(header, decode(header, element), element.little)
            aspect = _pixel_aspect(header)
        except UnusableImageError:
            raise
        except MemoryError as error:
            raise UnusableImageError("too large for the memory") from error
        except Exception as error:  # any bytes may come in, and pydicom raises whatever it meets
            raise UnusableImageError("damaged: header and pixels do not fit together") from error
    if burnt_in == "black_out" and annotated:
        grey = _blacked_out(np.array(grey), areas)
    return grey, aspect


def read_dicom_shape(path: Path) -> tuple[int, int, float]:
    """Return the rows and columns of a DICOM image and the height of a pixel by its width, without its pixels.

    Raises:
        UnusableImageError: if the file is missing, is no DICOM file, or does not say.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values of headers
        header = read_header(path)
        rows, columns = shape(header)
        lift_groups(header)
        return rows, columns, _pixel_aspect(header)


def _check_supported(header: pydicom.Dataset) -> None:
    """Refuse what is no single picture.

    Raises:
        UnusableImageError: without rows and columns, with several frames, or with pixels of no known meaning.
    """
    shape(header)
    frames = str(elements.value(header, "NumberOfFrames") or 1)
    if not frames.isdecimal():
        raise UnusableImageError("number of frames (0028,0008) not a number")
    if int(frames) > 1:
        raise UnusableImageError(f"several frames (0028,0008): {int(frames)}")
    if elements.text(header, "PhotometricInterpretation") not in _KNOWN:
        raise UnusableImageError("photometric interpretation (0028,0004) not a defined term")


def _pixel_aspect(header: pydicom.Dataset) -> float:
    """Return the height of a pixel by its width (PS3.3 C.7.6.3.1.7); 1 where the header is silent or absurd."""
    for name in _SHAPES_OF_PIXELS:
        sides = elements.numbers(header, name)
        if len(sides) == 2 and sides[0] and sides[1] and sides[0] > 0 and sides[1] > 0:
            aspect = sides[0] / sides[1]
            if 1 / _LARGEST_ASPECT <= aspect <= _LARGEST_ASPECT:
                return aspect
    return 1.0


def _blacked_out(grey: NDArray[np.uint16], areas: Iterable[Sequence[float]]) -> NDArray[np.uint16]:
    """Set rectangles to black, every pixel that they touch."""
    rows, columns = grey.shape
    for left, top, right, bottom in areas:
        across = slice(math.floor(left * columns), math.ceil(right * columns))
        grey[math.floor(top * rows) : math.ceil(bottom * rows), across] = 0
    return grey
