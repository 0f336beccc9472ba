"""The frame of a DICOM file to stored values: one codec for each transfer syntax, and what headers get wrong."""

import zlib
from collections.abc import Callable

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder, pixel_array

from crossray.errors import UnusableImageError

#: transfer syntax -> what decodes a frame (PS3.5 A.4)
CODECS: dict[str, Callable[..., NDArray]] = {
    "1.2.840.10008.1.2.4.50": imagecodecs.jpeg_decode,  # JPEG baseline, 8 bit
    "1.2.840.10008.1.2.4.51": imagecodecs.jpeg_decode,  # JPEG extended, 12 bit
    "1.2.840.10008.1.2.4.53": imagecodecs.jpeg_decode,  # JPEG spectral selection, retired
    "1.2.840.10008.1.2.4.55": imagecodecs.jpeg_decode,  # JPEG full progression, retired
    "1.2.840.10008.1.2.4.57": imagecodecs.ljpeg_decode,  # JPEG lossless
    "1.2.840.10008.1.2.4.70": imagecodecs.ljpeg_decode,  # JPEG lossless, first-order prediction
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_decode,  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.81": imagecodecs.jpegls_decode,  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.90": imagecodecs.jpeg2k_decode,  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91": imagecodecs.jpeg2k_decode,  # JPEG 2000
    "1.2.840.10008.1.2.4.92": imagecodecs.jpeg2k_decode,  # JPEG 2000 part 2 lossless
    "1.2.840.10008.1.2.4.93": imagecodecs.jpeg2k_decode,  # JPEG 2000 part 2
    "1.2.840.10008.1.2.4.110": imagecodecs.jpegxl_decode,  # JPEG XL lossless
    "1.2.840.10008.1.2.4.111": imagecodecs.jpegxl_decode,  # JPEG XL from JPEG
    "1.2.840.10008.1.2.4.112": imagecodecs.jpegxl_decode,  # JPEG XL
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_decode,  # HTJ2K lossless
    "1.2.840.10008.1.2.4.202": imagecodecs.htj2k_decode,  # HTJ2K lossless, RPCL
    "1.2.840.10008.1.2.4.203": imagecodecs.htj2k_decode,  # HTJ2K
}
_JPEG_2000 = {"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"}
#: how a JPEG 2000 codestream begins, and where it has the bits of a value, less one, and 128 more if there is a sign
_CODESTREAM, _PRECISION = b"\xff\x4f\xff\x51", 42
_JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"}
#: syntaxes whose frame becomes plain bytes
_RLE = "1.2.840.10008.1.2.5"
_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_DEFLATED = "1.2.840.10008.1.2.8.1"

_FIRST_BYTES = 1024
_OVERLAYS = range(0x6000, 0x6020, 2)


def decode(header: pydicom.Dataset) -> NDArray:
    """Decode the single frame of a DICOM file.

    Returns:
        Stored values of shape (rows, columns), integers or floats; or for colour of shape (rows, columns, 3), as the
        codec returns them.

    Raises:
        UnusableImageError: if the syntax has no codec here, the frame is cut off, or its size is not the header's.
    """
    shape = (header.Rows, header.Columns)
    if not is_encapsulated(header):
        values = _native(header)
    elif (syntax := transfer_syntax(header)) in _JPEG_2000 and _header_is_right(header):
        # GDCM's OpenJPEG is half as fast again as that of imagecodecs, but it believes the header.
        values = get_decoder(syntax).as_array(header, decoding_plugin="gdcm", raw=True)[0]
    elif syntax in CODECS:
        values = _decoded(_frame(header), syntax, shape)
    elif syntax in (_RLE, _UNCOMPRESSED, _DEFLATED):
        values = _plain(_frame(header), syntax, header)
    else:
        name = syntax.name if not syntax.is_private else "private"
        raise UnusableImageError(f"transfer syntax not supported: {name}")
    if values.shape[:2] != shape or values.shape[2:] not in ((), (3,)):
        raise UnusableImageError(f"the frame is {values.shape}, the header says {shape}")
    return values if values.ndim == 3 else _stored(values, header)


def transfer_syntax(header: pydicom.Dataset) -> pydicom.uid.UID:
    """Return the transfer syntax; without one in the file, implicit little endian (PS3.5 10.1)."""
    return getattr(header, "file_meta", {}).get("TransferSyntaxUID") or pydicom.uid.ImplicitVRLittleEndian


def is_encapsulated(header: pydicom.Dataset) -> bool:
    """Say whether the pixel data are fragments; of a syntax that this software does not know, they always are."""
    syntax = transfer_syntax(header)
    return bool(syntax.is_private or not syntax.is_transfer_syntax or syntax.is_encapsulated)


def _frame(header: pydicom.Dataset) -> bytes:
    """Return the frame, joined from its fragments."""
    return get_frame(header.PixelData, 0, number_of_frames=1)


def _native(header: pydicom.Dataset) -> NDArray:
    """Return values that are stored as they are."""
    samples, bits = int(header.get("SamplesPerPixel") or 1), header.BitsAllocated
    if samples > 1 or bits not in (8, 16) or "PixelData" not in header:
        return np.asarray(pixel_array(header, raw=True))
    expected = header.Rows * header.Columns * bits // 8
    if len(header.PixelData) < expected:
        raise UnusableImageError(f"truncated pixel data: {len(header.PixelData)} of {expected} bytes")
    little = header.original_encoding[1] is not False
    # 8-bit values of big endian files stand in words of two bytes, the second first (PS3.5 A.3).
    swapped = not little and bits == 8 and header["PixelData"].VR == "OW"
    data = np.frombuffer(header.PixelData, np.uint16).byteswap().tobytes() if swapped else header.PixelData
    dtype = np.dtype(np.uint8 if bits == 8 else np.uint16).newbyteorder("<" if little else ">")
    return np.frombuffer(data, dtype, count=header.Rows * header.Columns).reshape(header.Rows, header.Columns)


def _header_is_right(header: pydicom.Dataset) -> bool:
    """Say whether a JPEG 2000 stream has the bits of the header and no sign (ISO/IEC 15444-1 A.5.1)."""
    frame = _frame(header)
    unsigned = not header.get("PixelRepresentation")
    return unsigned and frame[: len(_CODESTREAM)] == _CODESTREAM and frame[_PRECISION] == header.BitsStored - 1


def _decoded(frame: bytes, syntax: pydicom.uid.UID, shape: tuple[int, int]) -> NDArray:
    if syntax in _JPEG and not _says_its_colours(frame):
        # Without a marker of its own the stream has the header's colours: none are converted here.
        values = imagecodecs.jpeg_decode(frame, colorspace=_components(frame), outcolorspace=_components(frame))
    else:
        values = CODECS[syntax](frame)
    return values[..., 0] if values.shape == (*shape, 1) else values


def _says_its_colours(frame: bytes) -> bool:
    """Say whether a JPEG stream has a JFIF marker or a whole Adobe marker, by which decoders turn YCbCr to RGB."""
    return b"JFIF\0" in frame[:_FIRST_BYTES] or b"\xff\xee\0\x0eAdobe" in frame[:_FIRST_BYTES]


def _components(frame: bytes) -> str:
    """Return the colour space that leaves the components of a JPEG stream alone."""
    start = next((frame.find(bytes((0xFF, code))) for code in (0xC0, 0xC1, 0xC2) if bytes((0xFF, code)) in frame), -1)
    return "RGB" if start >= 0 and len(frame) > start + 9 and frame[start + 9] == 3 else "GRAYSCALE"


def _plain(frame: bytes, syntax: pydicom.uid.UID, header: pydicom.Dataset) -> NDArray:
    """Return the values of a syntax whose frame decodes to plain bytes."""
    samples = int(header.get("SamplesPerPixel") or 1)
    dtype = np.dtype(f"<u{header.BitsAllocated // 8}")
    count = header.Rows * header.Columns * samples
    if syntax == _RLE:
        data = imagecodecs.dicomrle_decode(frame, dtype)
    else:
        data = zlib.decompress(frame, -15) if syntax == _DEFLATED else frame
    if len(data) < count * dtype.itemsize:
        raise UnusableImageError(f"truncated pixel data: {len(data)} of {count * dtype.itemsize} bytes")
    values = np.frombuffer(data, dtype, count=count)
    by_plane = syntax == _RLE or int(header.get("PlanarConfiguration") or 0) == 1
    if samples == 1:
        return values.reshape(header.Rows, header.Columns)
    if by_plane:
        return np.moveaxis(values.reshape(samples, header.Rows, header.Columns), 0, -1)
    return values.reshape(header.Rows, header.Columns, samples)


def has_converted_colours(header: pydicom.Dataset) -> bool:
    """Say whether :func:`decode` has turned colours into red, green, blue, by what the stream itself says."""
    return transfer_syntax(header) in _JPEG and _says_its_colours(_frame(header))


def _stored(values: NDArray, header: pydicom.Dataset) -> NDArray:
    """Restore the sign of values and drop bits that are not theirs (PS3.5 8.1.1).

    Bits beside those of Bits Stored (0028,0101) are dropped if the header says that an overlay uses them (60xx,0102).
    Otherwise a file whose values exceed Bits Stored is believed: it is the header that is wrong more often, and to drop
    bits would turn the brightest pixels black.
    """
    bits, allocated = int(header.BitsStored), int(header.BitsAllocated)
    shift = int(header.get("HighBit", bits - 1)) + 1 - bits
    shifted = 0 < shift <= allocated - bits and not is_encapsulated(header)
    overlaid = _has_embedded_overlay(header)
    is_signed = bool(header.get("PixelRepresentation"))
    if values.dtype.kind == "f" or not (shifted or overlaid or is_signed):
        return values
    stored = values.astype(np.int32 if values.dtype.itemsize <= 2 else np.int64)
    if shifted:
        stored = (stored & (2**allocated - 1)) >> shift
    if overlaid:
        stored = stored & (2**bits - 1)
    if not is_signed or values.dtype.kind == "i":
        return stored
    extended = _signed(stored, 8 * values.dtype.itemsize)
    exceeds = extended.size and (extended.min() < -(2 ** (bits - 1)) or extended.max() >= 2**bits)
    return extended if exceeds else _signed(stored & (2**bits - 1), bits)


def _signed(values: NDArray, bits: int) -> NDArray:
    """Read unsigned numbers of so many bits as two's complement."""
    return np.where(values >= 2 ** (bits - 1), values - 2**bits, values)


def _has_embedded_overlay(header: pydicom.Dataset) -> bool:
    return any(int(header.get((group, 0x0102)).value or 0) > 0 for group in _OVERLAYS if (group, 0x0102) in header)
