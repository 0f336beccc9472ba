"""What hostile files cost: small ones that say that they are huge, and the largest that are read.

Each is read in a process of its own, as a conversion or the planning of a study reads it. The peak is of that process
and of the one that decodes for it, together; the rule of a conversion asks for more. docs/data-format.md has the table.
"""

import gzip
import multiprocessing
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import films
import imagecodecs
import numpy as np
import PIL.Image
import pydicom
from measuring import Row, peak_mb
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import encapsulate

#: the side of the largest square that is read, and of one that is not
SIDE, TOO_LARGE = 2**13, 2**14

_IMPLICIT = b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\x04\0" + struct.pack("<I", 26)
_IMPLICIT += b"\x02\0\x10\0UI\x12\0" + b"1.2.840.10008.1.2\0"


def measure(folder: Path) -> Iterator[Row]:
    """Return, for each file, its size, the seconds until it is read or refused, and the peak."""
    for kind, (name, write) in _files().items():
        path = folder / name
        write(path)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            answer, seconds, peak = pool.apply(_read, (path,))
        yield Row(kind, "file", [path.stat().st_size / 1e6], "MB")
        yield Row(kind, answer, [seconds], peak_mb=peak)
        path.unlink()


def _files() -> dict[str, tuple[str, Callable[[Path], object]]]:
    """Return what is read: name of the file, and what writes it."""
    grey = films.film(16, SIDE, SIDE)
    colours = np.stack([(grey >> 8).astype(np.uint8)] * 3, axis=2)
    flat = np.zeros((TOO_LARGE, TOO_LARGE), np.uint8)
    coded = {
        uid.JPEG2000Lossless: lambda: imagecodecs.jpeg2k_encode(grey, codecformat="j2k", reversible=True, level=0),
        uid.HTJ2KLossless: lambda: imagecodecs.htj2k_encode(grey),
        uid.JPEGLSLossless: lambda: imagecodecs.jpegls_encode(grey),
        uid.JPEGLosslessSV1: lambda: imagecodecs.ljpeg_encode(grey, bitspersample=16),
        uid.RLELossless: lambda: films.rle(grey, 16),
    }

    def largest(syntax: uid.UID) -> tuple[str, Callable[[Path], object]]:
        return "a.dcm", lambda path: _dicom(path, grey, syntax, coded[syntax]())

    return {
        "20 MB of zeros": ("a.dcm", lambda path: path.write_bytes(bytes(20_000_000))),
        "two million empty elements": (
            "a.dcm", lambda path: path.write_bytes(_IMPLICIT + b"\x08\0\x05\0\0\0\0\0" * 2_000_000)),
        "PNG of 2 GB": ("a.png", lambda path: path.write_bytes(_png(2**15, 2**16))),
        "PNG of 64 million pixels in a few bytes": ("a.png", lambda path: path.write_bytes(_png(8000, 8000))),
        "JPEG-LS of 268 million pixels": (
            "a.dcm", lambda path: _dicom(path, flat, uid.JPEGLSLossless, imagecodecs.jpegls_encode(flat))),
        "deflated, 1 GB": ("a.dcm", lambda path: _deflated(path, 2**30)),
        "line without end, 2 GB in a .csv.gz": ("a.csv.gz", _endless),
        "largest, 16 bits": ("a.dcm", lambda path: _dicom(path, grey)),
        "largest, 16 bits above Bits Stored": ("a.dcm", lambda path: _dicom(path, grey, bits=12)),
        "largest, 32 bits": ("a.dcm", lambda path: _dicom(path, grey[:-64].astype(np.uint32) << 16)),
        "largest, colour": ("a.dcm", lambda path: _dicom(path, colours)),
        **{f"largest, {syntax.name}": largest(syntax) for syntax in coded},
        "largest, JPEG in DICOM, in colour": (
            "a.dcm", lambda path: _dicom(path, colours, uid.JPEGBaseline8Bit, imagecodecs.jpeg8_encode(colours))),
        "largest, floating point": ("a.dcm", lambda path: _dicom(path, grey[:-64].astype(np.float32))),
        "largest, PNG of 16 bits": ("a.png", lambda path: PIL.Image.fromarray(grey).save(path, compress_level=1)),
        "largest, PNG of 16 bits with colours and transparency": (
            "a.png", lambda path: path.write_bytes(imagecodecs.png_encode(np.stack([grey] * 4, axis=2), level=1))),
        "largest, JPEG in colour": ("a.jpg", lambda path: PIL.Image.fromarray(colours).save(path, quality=95)),
    }  # fmt: skip


def _png(width: int, height: int) -> bytes:
    """Return a PNG that says that it is so large and ends early."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")
    )


def _dicom(
    path: Path, pixels: NDArray, syntax: uid.UID = uid.ExplicitVRLittleEndian, stream: bytes = b"", bits: int = 0
) -> None:
    """Write pixels as DICOM without a window, compressed or as they are."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.ComputedRadiographyImageStorage, uid.generate_uid()
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
    dataset.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, 0
    if pixels.dtype == np.float32:
        dataset.FloatPixelData = pixels.tobytes()
        del dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
    else:
        dataset.PixelData = encapsulate([bytes(stream)]) if stream else pixels.tobytes()
        dataset["PixelData"].VR = "OB" if stream else "OW"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True)


def _deflated(path: Path, size: int) -> None:
    """Write a deflated DICOM file of a few pixels and so many bytes of zeros after them."""
    _dicom(path, np.zeros((64, 64), np.uint8), uid.DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    start = 144 + struct.unpack("<I", content[140:144])[0]
    packer, plain = zlib.compressobj(wbits=-15), zlib.decompressobj(-15).decompress(content[start:])
    packed = packer.compress(plain) + b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20))
    path.write_bytes(content[:start] + packed + packer.flush())


def _endless(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"image_id\n")
        for _ in range(2000):
            file.write(b"a" * 10**6)


def _read(path: Path) -> tuple[str, float, float]:
    """Read a file; return what came of it, seconds, and the most memory of this process and its children in MB."""
    from crossray.datasets.sheets import count_rows
    from crossray.errors import UnusableImageError, UserError
    from crossray.images import load_square

    children, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            children.append(_children_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, answer = time.perf_counter(), "read"
    try:
        if path.name.endswith(".csv.gz"):
            count_rows(str(path))
        else:
            load_square(path, 224)
    except (UnusableImageError, UserError) as error:
        answer = f"refused: {str(error).removeprefix(f'{path}: ')}"
    seconds = time.perf_counter() - start
    children.append(_children_mb())
    ended.set()
    watcher.join()
    return answer, seconds, peak_mb() + max(children)


def _children_mb() -> float:
    """Return the most memory that the children of this process have had, in MB."""
    total = 0.0
    for place in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, StopIteration, ValueError):
            facts = dict(line.split(":", 1) for line in place.read_text(encoding="utf-8").splitlines())
            if int(facts["PPid"]) == os.getpid() and "VmHWM" in facts:
                total += float(facts["VmHWM"].split()[0]) / 1e3
    return total
