"""The frame of a DICOM file to stored values, despite wrong headers.

The compressed stream takes precedence over the transfer syntax and the header. Nothing is
guessed: a file whose parts contradict one another in a way that would change the picture is refused.
"""

import zlib
from dataclasses import dataclass

import pydicom
from numpy.typing import NDArray

from crossray import decoding, elements, native_pixels, streams
from crossray.errors import UnusableImageError
from crossray.limits import check_bytes, check_frame
from crossray.pixel_data import PixelData, frame, holds_items, looks_run_length
from crossray.remarks import remark
from crossray.stored_bits import own_bits
from crossray.streams import Stream

#: syntaxes whose frame has no mark of its own (PS3.5 A.4.2, A.4.11, A.4.12)
_RLE = "1.2.840.10008.1.2.5"
_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_DEFLATED = "1.2.840.10008.1.2.8.1"

#: lossless transfer syntaxes for a kind of stream that can be lossy
_LOSSLESS = {"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"}


@dataclass(frozen=True)
class Frame:
    """What was decoded.

    Attributes:
        values: shape (rows, columns), stored values, integers or floats; or of colour, (rows, columns, 3).
        bits: bits of a value, which give the whole range, and which unsigned values do not exceed; 0 of floats.
        signed: whether stored values may be below 0.
        colours: what the three values of a pixel are: ``RGB``, ``YBR`` (brightness, and two differences) or
            ``YBR partial`` (the same, with brightness from 16 to 235 of 255); empty for grey.
    """

    values: NDArray
    bits: int
    signed: bool
    colours: str = ""


def decode(header: pydicom.Dataset, element: PixelData) -> Frame:
    """Decode the single frame of a DICOM file.

    Args:
        header: the elements before the pixel data; Rows and Columns must be there.
        element: the pixel data.

    Raises:
        UnusableImageError: if the frame has no codec here, is damaged or cut off, or contradicts the header.
    """
    content = _stream(header, element)
    if content is None:
        _check_known(header)
        return _grey_or_colour(
            header, native_pixels.values(header, element), native_pixels.bits_allocated(header, element)
        )
    if streams.begins_stream(content) or streams.is_jpeg_xl(content):
        return _compressed(header, content)
    return _grey_or_colour(header, _plain(header, content, element), native_pixels.bits_allocated(header, element))


def transfer_syntax(header: pydicom.Dataset) -> pydicom.uid.UID:
    """Return the transfer syntax; without one in the file, implicit little endian (PS3.5 10.1)."""
    return getattr(header, "file_meta", {}).get("TransferSyntaxUID") or pydicom.uid.ImplicitVRLittleEndian


def _stream(header: pydicom.Dataset, element: PixelData) -> bytes | None:
    """Return the compressed frame; None if the pixels are stored as they are."""
    syntax = transfer_syntax(header)
    is_raw = syntax.is_transfer_syntax and not syntax.is_encapsulated
    if is_raw and not element.delimited and native_pixels.is_complete(header, element):
        return None
    if element.delimited or holds_items(element):
        if is_raw:
            remark("fragments where the transfer syntax has none")
        return bytes(frame(element, syntax == _RLE))
    if streams.begins_stream(element.content) or (syntax == _RLE and looks_run_length(element.content)):
        remark("a compressed stream without fragments around it")
        return bytes(element.content)
    return None


def _check_known(header: pydicom.Dataset) -> None:
    """Refuse plain pixels of a private syntax, which may have an order of bytes of its own."""
    syntax = transfer_syntax(header)
    if not syntax.is_transfer_syntax:
        raise UnusableImageError("transfer syntax not supported: private or unknown")


def _compressed(header: pydicom.Dataset, content: bytes) -> Frame:
    """Decode a stream that says itself what it is."""
    stream = streams.describe(content)
    shape = native_pixels.shape(header)
    if stream.rows and (stream.rows, stream.columns) != shape:
        raise UnusableImageError(f"the frame is {(stream.rows, stream.columns)}, the header says {shape}")
    check_frame(*shape, coded=len(content))
    check_bytes(stream.rows * stream.columns * stream.components * -(-stream.bits // 8), "an image")
    if not stream.reversible and transfer_syntax(header) in _LOSSLESS:
        remark(f"lossy {stream.kind} where the transfer syntax is lossless")
    photometric = elements.text(header, "PhotometricInterpretation")
    colours = _colours_of(stream, photometric)
    # Without a word of the stream, and of a header of colour, components are brightness and differences (T.871).
    convert = stream.converts if stream.converts is not None else photometric not in native_pixels.COLOURS
    values = decoding.decode(content, stream, shape, convert)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.shape[2] != 3:
        raise UnusableImageError(f"a stream of {values.shape[2]} components, 1 or 3 are read")
    precision = min(stream.bits or 8 * values.dtype.itemsize, 8 * values.dtype.itemsize)
    if values.ndim == 3:
        return Frame(values, precision, stream.signed, colours or "RGB")
    if native_pixels.samples(header) == 3:
        remark("grey stream under a header of colour")
    return _grey(header, values, precision)


def _colours_of(stream: Stream, photometric: str) -> str:
    """Say what a stream of three components holds when its decoder is done (PS3.5 8.2)."""
    if stream.components != 3:
        return ""
    if stream.converts is not None and (stream.kind == "JPEG" or stream.converts):
        return "RGB"
    if photometric in native_pixels.COLOURS:
        return native_pixels.COLOURS[photometric]
    if not photometric and stream.kind not in ("JPEG", "JPEG XL"):
        raise UnusableImageError("colour without a photometric interpretation (0028,0004)")
    return "RGB"


def _plain(header: pydicom.Dataset, content: bytes, element: PixelData) -> NDArray:
    """Return the values of a frame that decodes to plain bytes."""
    syntax = transfer_syntax(header)
    if looks_run_length(content) and syntax not in (_DEFLATED, _UNCOMPRESSED):
        return native_pixels.run_length(header, content)
    if syntax == _RLE:
        raise UnusableImageError("damaged RLE frame: no table of its segments")
    if syntax == _DEFLATED:
        check_frame(*native_pixels.shape(header), coded=len(content))
        return native_pixels.plain(header, _inflated(content, native_pixels.expected_bytes(header)), element)
    if syntax == _UNCOMPRESSED or (syntax.is_transfer_syntax and not syntax.is_encapsulated):
        return native_pixels.plain(header, content, element)
    if syntax.is_transfer_syntax and syntax.name.startswith(("JPEG", "High-Throughput")):
        raise UnusableImageError("unreadable pixels: fragments of no known kind of compression")
    name = syntax.name if syntax.is_transfer_syntax else "private or unknown"
    raise UnusableImageError(f"transfer syntax not supported: {name}")


def _inflated(content: bytes, expected: int) -> bytes:
    """Inflate up to so many bytes: a few kilobytes can become gigabytes."""
    try:
        return zlib.decompressobj(-15).decompress(content, expected)
    except zlib.error as error:
        raise UnusableImageError("damaged deflated frame") from error


def _grey_or_colour(header: pydicom.Dataset, values: NDArray, precision: int) -> Frame:
    """Complete what was stored as it is."""
    if values.ndim == 2:
        return _grey(header, values, precision)
    photometric = elements.text(header, "PhotometricInterpretation")
    if not photometric:
        raise UnusableImageError("colour without a photometric interpretation (0028,0004)")
    stored = elements.integer(header, "BitsStored") or precision
    return Frame(values, min(stored, precision), False, native_pixels.COLOURS.get(photometric, "RGB"))


def _grey(header: pydicom.Dataset, values: NDArray, precision: int) -> Frame:
    if values.dtype.kind == "f":
        return Frame(values, 0, True)
    values, bits, signed = own_bits(header, values, precision)
    return Frame(values, bits, signed)
