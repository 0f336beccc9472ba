"""DICOM to grey levels: pydicom reads the header, a codec decodes the frame, one look-up table does the rest.

Nothing here depends on the content of other images; only where a file brings no window does its own grey-level
distribution decide (:data:`crossray.grey_levels.PERCENTILES`). No reason quotes text of a header, which may be a
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
from pydicom.errors import InvalidDicomError

from crossray import frames
from crossray.area import Levels
from crossray.errors import UnusableImageError
from crossray.grey_levels import grey_of_colour, grey_of_monochrome, grey_of_palette

# pydicom's messages quote values of headers.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

#: what may be done with a file whose header says that text is burnt into the pixels
BURNT_IN = ("reject", "black_out", "keep")

_KNOWN = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422",
          "YBR_PARTIAL_420", "YBR_ICT", "YBR_RCT")  # fmt: skip
_LARGEST_ASPECT = 10.0

#: a data set without the preamble of a file has at least one of these (PS3.3 C.12.1), a text has none
_IDENTITY = {"SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "PatientID", "Rows"}


def read_dicom(path: Path, burnt_in: str = "reject", areas: Iterable[Sequence[float]] = ()) -> tuple[Levels, float]:
    """Read a single-frame DICOM file as it is meant to be seen.

    Args:
        path: the file.
        burnt_in: one of :data:`BURNT_IN`, for files whose Burned In Annotation (0028,0301) is YES.
        areas: rectangles to black out then: left, top, right, bottom, as shares of the width and the height.

    Returns:
        Grey levels, uint16 of shape (rows, columns), 0 black to 65535 white; and the height of a pixel by its width.

    Raises:
        UnusableImageError: if the file is no DICOM image, is truncated, or is of a kind that is not supported.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values of headers
        header = _read_header(path)
        try:
            _check_supported(header)
            if str(header.get("BurnedInAnnotation") or "").upper() == "YES" and burnt_in == "reject":
                raise UnusableImageError("burnt-in annotation (0028,0301)")
            grey = _grey_levels(header)
            aspect = _pixel_aspect(header)
        except UnusableImageError:
            raise
        except Exception as error:
            # Any bytes may come in, and pydicom and the codecs raise whatever they meet.
            raise UnusableImageError(f"unreadable pixels ({type(error).__name__})") from error
    if burnt_in == "black_out" and str(header.get("BurnedInAnnotation") or "").upper() == "YES":
        grey = _blacked_out(np.array(grey), areas)
    return grey, aspect


def read_dicom_shape(path: Path) -> tuple[int, int, float]:
    """Return the rows and columns of a DICOM image and the height of a pixel by its width, without its pixels.

    Raises:
        UnusableImageError: if the file is missing, is no DICOM file, or does not say.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote values of headers
        header = _read_header(path, stop_before_pixels=True)
        rows, columns = header.get("Rows"), header.get("Columns")
        if not (isinstance(rows, int) and isinstance(columns, int) and rows > 0 and columns > 0):
            raise UnusableImageError("no Rows (0028,0010) or Columns (0028,0011)")
        return rows, columns, _pixel_aspect(header)


def _read_header(path: Path, stop_before_pixels: bool = False) -> pydicom.Dataset:
    """Read a file, with or without the preamble of PS3.10."""
    try:
        try:
            return pydicom.dcmread(path, stop_before_pixels=stop_before_pixels)
        except InvalidDicomError:
            header = pydicom.dcmread(path, stop_before_pixels=stop_before_pixels, force=True)
    except Exception as error:  # as above
        raise UnusableImageError(f"unreadable header ({type(error).__name__})") from error
    if not _IDENTITY & set(header.dir()):
        raise UnusableImageError("not a DICOM file")
    return header


def _check_supported(header: pydicom.Dataset) -> None:
    pixels = next((name for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if name in header), None)
    if pixels is None:
        raise UnusableImageError("no pixel data (7FE0,0010)")
    if not header[pixels].value:
        raise UnusableImageError("empty pixel data (7FE0,0010)")
    for name, tag in (("Rows", "0028,0010"), ("Columns", "0028,0011"), ("BitsAllocated", "0028,0100")):
        if not isinstance(header.get(name), int) or header.get(name) < 1:
            raise UnusableImageError(f"no {name} ({tag})")
    frames_text = str(header.get("NumberOfFrames") or 1)
    if not frames_text.isdecimal():
        raise UnusableImageError("number of frames (0028,0008) not a number")
    if int(frames_text) > 1:
        raise UnusableImageError(f"several frames (0028,0008): {int(frames_text)}")
    if (photometric := header.get("PhotometricInterpretation")) and photometric not in _KNOWN:
        raise UnusableImageError("photometric interpretation (0028,0004) not a defined term")
    header.BitsStored = header.get("BitsStored") or header.BitsAllocated
    if not header.BitsStored <= header.BitsAllocated <= 64:
        raise UnusableImageError(f"{header.BitsStored} bits stored in {header.BitsAllocated} allocated")


def _grey_levels(header: pydicom.Dataset) -> Levels:
    values = frames.decode(header)
    if values.ndim == 3:
        return grey_of_colour(values, header, frames.has_converted_colours(header))
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        return grey_of_palette(values, header)
    return grey_of_monochrome(values, header)


def _pixel_aspect(header: pydicom.Dataset) -> float:
    """Return the height of a pixel by its width (PS3.3 C.7.6.3.1.7); 1 where the header is silent or absurd."""
    for name in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing"):
        value = header.get(name)
        if isinstance(value, pydicom.multival.MultiValue | list) and len(value) == 2:
            down, across = (float(part) for part in value)
            if down > 0 and across > 0 and 1 / _LARGEST_ASPECT <= down / across <= _LARGEST_ASPECT:
                return down / across
    return 1.0


def _blacked_out(grey: NDArray[np.uint16], areas: Iterable[Sequence[float]]) -> NDArray[np.uint16]:
    """Set rectangles to black, every pixel that they touch."""
    rows, columns = grey.shape
    for left, top, right, bottom in areas:
        across = slice(math.floor(left * columns), math.ceil(right * columns))
        grey[math.floor(top * rows) : math.ceil(bottom * rows), across] = 0
    return grey
