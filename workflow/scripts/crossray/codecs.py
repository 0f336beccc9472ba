"""Decode compressed frames, one codec per kind of stream; runs as a separate program.

Codecs are C and C++, and a damaged stream can end the process or keep it busy for ever. So this module is the program
of a process of its own (:mod:`crossray.decoding`), which may die: the stream comes and the values go through one
shared file, and a line of JSON each way says what they are. It knows nothing of DICOM's headers.
"""

import json
import math
import mmap
import os
import resource
import sys
from multiprocessing.connection import Connection
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from crossray.streams import Stream, codestream

#: memory that a codec may ask for, in bytes, its libraries included; the largest frame takes half of it
_MEMORY = 7 << 28

#: processor time that a frame may take, ten times what the largest radiographs take; it is the same beside other work
SECONDS = 30

#: values begin at a multiple of so many bytes
_ALIGNMENT = 64

#: exceptions that compiled code could not pass on, as OpenJPH's; Python would print them, and the values are rubbish
_unraised: list[object] = []

#: lossless JPEG in DICOM's list, for GDCM
_JPEG_LOSSLESS = "1.2.840.10008.1.2.4.57"


def decode_stream(content: Any, stream: Stream, convert: bool, out: NDArray | None = None) -> NDArray:
    """Decode a frame.

    Args:
        content: the stream.
        stream: what its markers say.
        convert: whether brightness and colour differences of a JPEG become red, green, blue.
        out: where codecs that can put the values, to spare a copy; of the shape and dtype that the stream says.

    Returns:
        Values of shape (rows, columns) or (rows, columns, components).

    Raises:
        Exception: of any kind, from the codec, if the stream is damaged.
    """
    if stream.kind == "JPEG":
        return _jpeg(content, stream, convert, out)
    if stream.kind == "JPEG lossless":
        return _jpeg_lossless(content, stream, out)
    if stream.kind == "JPEG-LS":
        return imagecodecs.jpegls_decode(content, out=out)
    if stream.kind in ("JPEG 2000", "HTJ2K"):
        return _jpeg_2000(codestream(content), stream, out)
    return imagecodecs.jpegxl_decode(content)


def _jpeg(content: Any, stream: Stream, convert: bool, out: NDArray | None) -> NDArray:
    coded = {1: "GRAYSCALE", 3: "YCBCR" if convert else "RGB"}.get(stream.components)
    if coded is None:
        raise ValueError("components")
    shown = "RGB" if coded == "YCBCR" else coded
    return imagecodecs.jpeg8_decode(content, colorspace=coded, outcolorspace=shown, out=out)


def _jpeg_lossless(content: Any, stream: Stream, out: NDArray | None) -> NDArray:
    """Decode with libjpeg-turbo, the quickest; restart intervals of other lengths than lines are GDCM's."""
    colours = "GRAYSCALE" if stream.components == 1 else "RGB"
    try:
        return imagecodecs.jpeg8_decode(content, colorspace=colours, outcolorspace=colours, out=out)
    except imagecodecs.Jpeg8Error:
        return _by_gdcm(content, stream)


def _jpeg_2000(content: Any, stream: Stream, out: NDArray | None) -> NDArray:
    """Decode with OpenJPEG; OpenJPH is twice as quick for HTJ2K.

    OpenJPH lets values of lossy streams that exceed the range wrap around, OpenJPEG clips them. GDCM's OpenJPEG seems
    quicker, as it takes all cores of the machine, but needs more processor time for a frame.
    """
    if stream.kind == "HTJ2K" and stream.reversible:
        return imagecodecs.htj2k_decode(content, out=out)
    return imagecodecs.jpeg2k_decode(content, out=out)


def _by_gdcm(content: Any, stream: Stream) -> NDArray:
    """Decode lossless JPEG with GDCM, which ends the process if its arguments do not match the stream."""
    import gdcm

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(bytes(content))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((stream.columns, stream.rows, 1))
    image.SetDataElement(element)
    colours = gdcm.PhotometricInterpretation.MONOCHROME2 if stream.components == 1 else (
        gdcm.PhotometricInterpretation.RGB)  # fmt: skip
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(colours))
    if stream.components > 1:
        image.SetPlanarConfiguration(0)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(_JPEG_LOSSLESS)))
    dtype = np.dtype(np.uint8 if stream.bits <= 8 else np.uint16)
    image.SetPixelFormat(
        gdcm.PixelFormat(stream.components, 8 * dtype.itemsize, stream.bits, stream.bits - 1, int(stream.signed))
    )
    values = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), dtype)  # bytes, which GDCM calls text
    return values.reshape(stream.rows, stream.columns, *([stream.components] if stream.components > 1 else []))


class SharedFile:
    """A file without a name that two processes map; it grows as needed.

    Args:
        descriptor: of the file.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._map: mmap.mmap | None = None

    def mapped(self, size: int) -> memoryview:
        """Return at least so many bytes of the file."""
        if self._map is None or len(self._map) < size:
            if os.fstat(self.descriptor).st_size < size:
                os.ftruncate(self.descriptor, size)
            self._map = mmap.mmap(self.descriptor, os.fstat(self.descriptor).st_size)
        return memoryview(self._map)


def _answer(request: dict[str, Any], shared: SharedFile) -> dict[str, Any]:
    """Decode what lies in the shared file, put the values after it, and say where and what they are."""
    content: Any = shared.mapped(request["length"])[: request["length"]]
    start = -(-request["length"] // _ALIGNMENT) * _ALIGNMENT
    try:
        if request["kind"] == "PNG":
            values = imagecodecs.png_decode(content)
        else:
            stream = Stream(**request["stream"])
            values = decode_stream(content, stream, request["convert"], _room(stream, start, shared))
    except MemoryError:
        return {"problem": "too large for the memory"}
    except Exception:  # whatever a codec raises
        return {"problem": f"damaged {request['kind']} stream"}
    if _unraised:
        _unraised.clear()
        return {"problem": f"damaged {request['kind']} stream"}
    if values.shape[:2] != tuple(request["shape"]):
        return {"problem": f"the frame is {values.shape[:2]}, the header says {tuple(request['shape'])}"}
    there = _placed(values.shape, values.dtype, start, shared)
    if there.ctypes.data != values.ctypes.data:
        there[...] = values
    return {"start": start, "shape": values.shape, "dtype": values.dtype.str}


def _room(stream: Stream, start: int, shared: SharedFile) -> NDArray | None:
    """Return an array in the shared file for the values of a stream; None for depths that codecs treat otherwise."""
    if stream.bits > 16 or not stream.rows:
        return None
    dtype = np.dtype(f"{'i' if stream.signed else 'u'}{1 if stream.bits <= 8 else 2}")
    colours = (stream.components,) if stream.components > 1 else ()
    return _placed((stream.rows, stream.columns, *colours), dtype, start, shared)


def _placed(shape: tuple[int, ...], dtype: np.dtype, start: int, shared: SharedFile) -> NDArray:
    """Return an array in the shared file."""
    return np.ndarray(shape, dtype, shared.mapped(start + math.prod(shape) * dtype.itemsize), start)


def main(arguments: list[str]) -> None:
    """Serve decoding requests until the other process closes the connection."""
    connection, shared = Connection(int(arguments[0])), SharedFile(int(arguments[1]))
    allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = _MEMORY if allowed == resource.RLIM_INFINITY else min(_MEMORY, allowed)
    resource.setrlimit(resource.RLIMIT_AS, (limit, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    sys.unraisablehook = _unraised.append
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        _limit_seconds()
        connection.send_bytes(json.dumps(_answer(request, shared)).encode())


def _limit_seconds() -> None:
    """Let the system end this process by SIGXCPU if a frame keeps it busy."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime) + SECONDS
    allowed = resource.getrlimit(resource.RLIMIT_CPU)[1]
    limit = seconds if allowed == resource.RLIM_INFINITY else min(seconds, allowed)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, allowed))


if __name__ == "__main__":
    main(sys.argv[1:])
