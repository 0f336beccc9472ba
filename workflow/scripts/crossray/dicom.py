"""DICOM to grey levels: pydicom reads the header, a codec decodes the frame, one look-up table does the rest.

The table folds the modality transform, the window and the inversion of MONOCHROME1 into one pass over the pixels.
Nothing here depends on the content of other images; only where a file brings no window does its own grey-level
distribution decide (:data:`PERCENTILES`).
"""

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_modality_lut, apply_voi

#: grey levels between which an image of more than 8 bits without any window is stretched, in per cent
PERCENTILES = (0.5, 99.5)

GREY_MAX = 65535

_CODECS: dict[str, Callable[..., NDArray]] = {
    "1.2.840.10008.1.2.4.50": imagecodecs.jpeg_decode,  # JPEG baseline, 8 bit
    "1.2.840.10008.1.2.4.51": imagecodecs.jpeg_decode,  # JPEG extended, 12 bit
    "1.2.840.10008.1.2.4.57": imagecodecs.ljpeg_decode,  # JPEG lossless
    "1.2.840.10008.1.2.4.70": imagecodecs.ljpeg_decode,  # JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_decode,  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81": imagecodecs.jpegls_decode,  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.90": imagecodecs.jpeg2k_decode,  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91": imagecodecs.jpeg2k_decode,  # JPEG 2000
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_decode,  # HTJ2K lossless
    "1.2.840.10008.1.2.4.202": imagecodecs.htj2k_decode,  # HTJ2K lossless, RPCL
    "1.2.840.10008.1.2.4.203": imagecodecs.htj2k_decode,  # HTJ2K
}
_RLE = "1.2.840.10008.1.2.5"


class UnusableImageError(Exception):
    """An image file that cannot be used; the message is the reason for ``rejected.csv``."""


def read_dicom(path: Path) -> NDArray[np.uint16]:
    """Read a single-frame greyscale DICOM file as it is meant to be seen.

    Applies, in the order of PS3.4 N.2: modality LUT or rescale (PS3.3 C.11.1), VOI LUT or window (C.11.2: LINEAR,
    LINEAR_EXACT, SIGMOID; the first of several), and the inversion of MONOCHROME1 (C.7.6.3.1.2). Without a window,
    up to 8 bits are taken as they are and more are stretched between :data:`PERCENTILES`.

    Returns:
        Grey levels of shape (rows, columns), 0 black to 65535 white.

    Raises:
        UnusableImageError: if the file is no DICOM image, is truncated, or is of a kind that is not supported.
    """
    try:
        header = pydicom.dcmread(path)
    except InvalidDicomError as error:
        raise UnusableImageError("not a DICOM file") from error
    except (OSError, EOFError, ValueError, KeyError, NotImplementedError, AttributeError) as error:
        raise UnusableImageError(f"unreadable header: {_brief(error)}") from error
    try:
        _check_supported(header)
        stored = _stored_values(header)
        table = _look_up_table(header, stored)
    except UnusableImageError:
        raise
    except (ValueError, RuntimeError, KeyError, AttributeError, TypeError, NotImplementedError) as error:
        raise UnusableImageError(f"unreadable pixels: {_brief(error)}") from error
    return table[stored - _stored_range(header)[0]]


def _brief(error: Exception) -> str:
    """First line of an exception's text, short enough for a table."""
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def _check_supported(header: pydicom.Dataset) -> None:
    if "PixelData" not in header:
        raise UnusableImageError("no pixel data (7FE0,0010)")
    if not header.PixelData:
        raise UnusableImageError("empty pixel data (7FE0,0010)")
    if int(header.get("NumberOfFrames") or 1) > 1:
        raise UnusableImageError(f"several frames (0028,0008): {header.NumberOfFrames}")
    if header.get("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnusableImageError(
            f"photometric interpretation (0028,0004) not greyscale: {header.get('PhotometricInterpretation')}"
        )
    if not 1 <= header.BitsStored <= header.BitsAllocated <= 16 or header.BitsAllocated not in (8, 16):
        raise UnusableImageError(f"{header.BitsStored} bits stored in {header.BitsAllocated} allocated: not supported")


def _stored_range(header: pydicom.Dataset) -> tuple[int, int]:
    """Smallest and largest value that Bits Stored and Pixel Representation allow."""
    bits = header.BitsStored
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if header.PixelRepresentation else (0, 2**bits - 1)


def _stored_values(header: pydicom.Dataset) -> NDArray[np.int32]:
    """Decode the frame to stored values of shape (rows, columns), within :func:`_stored_range`."""
    shape = (header.Rows, header.Columns)
    syntax = header.file_meta.get("TransferSyntaxUID") or pydicom.uid.ImplicitVRLittleEndian
    dtype = np.dtype(np.uint8 if header.BitsAllocated == 8 else np.uint16)
    if not syntax.is_encapsulated:
        expected = shape[0] * shape[1] * dtype.itemsize
        if len(header.PixelData) < expected:
            raise UnusableImageError(f"truncated pixel data: {len(header.PixelData)} of {expected} bytes")
        order = dtype if syntax.is_little_endian else dtype.newbyteorder(">")
        values = np.frombuffer(header.PixelData, order, count=shape[0] * shape[1]).reshape(shape)
    else:
        values = _decode(get_frame(header.PixelData, 0, number_of_frames=1), syntax, shape, dtype)
    if values.shape != shape:
        raise UnusableImageError(f"the frame is {values.shape}, the header says {shape}")
    low, high = _stored_range(header)
    # Bits above Bits Stored may hold overlays or a sign: cut them off, then restore the sign (PS3.5 8.1.1).
    masked = values.astype(np.int32) & (2**header.BitsStored - 1)
    return np.where(masked > high, masked - 2**header.BitsStored, masked) if low < 0 else masked


def _decode(frame: bytes, syntax: pydicom.uid.UID, shape: tuple[int, int], dtype: np.dtype) -> NDArray:
    if syntax == _RLE:
        planes = imagecodecs.dicomrle_decode(frame, dtype)
        return np.frombuffer(planes, dtype)[: shape[0] * shape[1]].reshape(shape)
    if syntax not in _CODECS:
        raise UnusableImageError(f"transfer syntax not supported: {syntax.name}")
    return _CODECS[syntax](frame)


def _look_up_table(header: pydicom.Dataset, stored: NDArray) -> NDArray[np.uint16]:
    """Map every possible stored value to a grey level, 0 to :data:`GREY_MAX`."""
    low, high = _stored_range(header)
    inputs = np.arange(low, high + 1, dtype=np.int32)
    values = np.asarray(apply_modality_lut(inputs, header), dtype=np.float64)
    if header.get("VOILUTSequence"):
        voi = apply_voi(values.astype(np.int64), header)
        grey = voi / (2 ** header.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif header.get("WindowWidth") not in (None, "") and header.get("WindowCenter") not in (None, ""):
        grey = _window(values, header)
    elif header.BitsStored <= 8:
        grey = (values - values.min()) / (np.ptp(values) or 1)
    else:
        first, last = np.percentile(values[stored.ravel() - low], PERCENTILES)
        grey = (values - first) / ((last - first) or 1)
    grey = np.clip(grey, 0, 1)
    if header.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    return np.round(grey * GREY_MAX).astype(np.uint16)


def _window(values: NDArray[np.float64], header: pydicom.Dataset) -> NDArray[np.float64]:
    """Apply the first window of the header, to 0 to 1 (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    center, width = _first(header.WindowCenter), _first(header.WindowWidth)
    function = header.get("VOILUTFunction") or "LINEAR"
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise UnusableImageError(f"window width (0028,1051) not positive: {width:g}")
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - center) / width))
    if function == "LINEAR_EXACT":
        return (values - center) / width + 0.5
    if function != "LINEAR":
        raise UnusableImageError(f"VOI LUT function (0028,1056) not known: {function}")
    return (values - (center - 0.5)) / max(width - 1, 1e-9) + 0.5


def _first(value: object) -> float:
    return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)  # type: ignore[arg-type]
