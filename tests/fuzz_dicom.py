"""Damage DICOM files of every transfer syntax and read them: nothing may die, hang or raise but a reason.

    python tests/fuzz_dicom.py --files 10000 --seed 0

Prints what came of the files by syntax, keeps those that broke something, and exits 1 if there are any. The process
that reads is watched by this one and replaced if it dies.
"""

import argparse
import io
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import PIL.Image
import pydicom
from pydicom import uid
from pydicom.encaps import encapsulate

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "workflow" / "scripts"), str(ROOT / "tests")]

from helpers import dicom_file  # noqa: E402

#: seconds that a file may take
LIMIT = 20.0

GREY = np.add.outer(np.arange(48) * 60, np.arange(64) * 20).astype(np.uint16)
SMALL = (GREY // 16).astype(np.uint8)
COLOUR = np.stack([SMALL, SMALL[::-1], SMALL[:, ::-1]], axis=-1)


def _progressive(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, "JPEG", quality=90, progressive=True)
    return stream.getvalue()


def _jpeg_2000(pixels: np.ndarray, **settings: object) -> bytes:
    return imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", **settings)


#: name -> transfer syntax, pixels, and what encodes them
SOURCES: dict[str, tuple[str, np.ndarray, Callable[[np.ndarray], bytes] | None]] = {
    "explicit little endian": (uid.ExplicitVRLittleEndian, GREY, None),
    "implicit little endian": (uid.ImplicitVRLittleEndian, GREY, None),
    "explicit big endian": (uid.ExplicitVRBigEndian, GREY, None),
    "deflated": (uid.DeflatedExplicitVRLittleEndian, GREY, None),
    "colour, uncompressed": (uid.ExplicitVRLittleEndian, COLOUR, None),
    "RLE": (uid.RLELossless, GREY, None),
    "RLE, colour": (uid.RLELossless, COLOUR, None),
    "JPEG baseline": (uid.JPEGBaseline8Bit, SMALL, lambda pixels: imagecodecs.jpeg8_encode(pixels, level=90)),
    "JPEG baseline, colour": (uid.JPEGBaseline8Bit, COLOUR, lambda pixels: imagecodecs.jpeg8_encode(pixels, level=90)),
    "JPEG 12 bit": (uid.JPEGExtended12Bit, GREY, lambda pixels: imagecodecs.jpeg8_encode(pixels, bitspersample=12)),
    "JPEG progressive": ("1.2.840.10008.1.2.4.55", SMALL, _progressive),
    "JPEG lossless": (uid.JPEGLosslessSV1, GREY, lambda pixels: imagecodecs.ljpeg_encode(pixels, bitspersample=12)),
    "JPEG lossless, colour": (
        uid.JPEGLossless, COLOUR, lambda pixels: imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=6)
    ),
    "JPEG-LS": (uid.JPEGLSLossless, GREY, imagecodecs.jpegls_encode),
    "JPEG-LS near-lossless": (uid.JPEGLSNearLossless, SMALL, lambda pixels: imagecodecs.jpegls_encode(pixels, level=2)),
    "JPEG 2000 lossless": (uid.JPEG2000Lossless, GREY, lambda pixels: _jpeg_2000(pixels, reversible=True, level=0)),
    "JPEG 2000": (uid.JPEG2000, GREY, lambda pixels: _jpeg_2000(pixels, level=40)),
    "JPEG 2000, colour": (uid.JPEG2000Lossless, COLOUR, lambda pixels: _jpeg_2000(pixels, reversible=True, level=0)),
    "HTJ2K lossless": (uid.HTJ2KLossless, GREY, imagecodecs.htj2k_encode),
    "HTJ2K": (uid.HTJ2K, GREY, lambda pixels: imagecodecs.htj2k_encode(pixels, reversible=False, level=0.001)),
    "JPEG XL": ("1.2.840.10008.1.2.4.110", GREY, lambda pixels: imagecodecs.jpegxl_encode(pixels, lossless=True)),
    "deflated frame": ("1.2.840.10008.1.2.8.1", GREY, lambda pixels: zlib.compress(pixels.tobytes(), wbits=-15)),
    "encapsulated uncompressed": ("1.2.840.10008.1.2.1.98", GREY, lambda pixels: pixels.tobytes()),
}  # fmt: skip


def write_source(path: Path, name: str) -> bytes:
    """Write an undamaged file and return what is in it."""
    syntax, pixels, encode = SOURCES[name]
    bits = 8 if pixels.dtype == np.uint8 else 12
    elements: dict[str, object] = {"WindowCenter": [2 ** (bits - 1), 1], "WindowWidth": [2**bits, 2]}
    if pixels.ndim == 3:
        elements |= {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    elif bits == 12:
        item = pydicom.Dataset()
        item.add_new("LUTDescriptor", "US", [256, 0, 16])
        item.add_new("LUTData", "OW", np.arange(0, 65536, 256, dtype=np.uint16).tobytes())
        elements |= {"RescaleSlope": 1, "RescaleIntercept": 0, "PixelSpacing": [0.1, 0.1]}
        elements |= {"VOILUTSequence": [item]} if name.startswith("explicit") else {}
    swapped = pixels.astype(">u2") if syntax == uid.ExplicitVRBigEndian else pixels
    data = encapsulate([bytes(encode(pixels))]) if encode else swapped.tobytes()
    plain = uid.ExplicitVRLittleEndian if syntax == uid.RLELossless else uid.UID(syntax)
    dicom_file(path, pixels[..., 0] if pixels.ndim == 3 else pixels, bits=bits, syntax=plain, data=data, **elements)
    if syntax == uid.RLELossless:
        dataset = pydicom.dcmread(path)
        dataset.compress(uid.RLELossless, encoding_plugin="pydicom")
        dataset.save_as(path)
    return path.read_bytes()


def damaged(content: bytes, generator: np.random.Generator) -> bytes:
    """Damage a file in one of the ways in which files are damaged."""
    found = bytearray(content)
    start = 132 if generator.random() < 0.8 else 0
    pixels = max(content.rfind(b"\xe0\x7f\x10\x00"), content.rfind(b"\x7f\xe0\x00\x10"), start)
    first, last = ((start, pixels + 16), (pixels, len(content)), (pixels, pixels + 120))[generator.integers(3)]
    last = min(last, len(content))
    kind = generator.integers(7)
    places = generator.integers(first, last, generator.integers(1, 8))
    if kind <= 2:
        for place in places:
            found[place] = generator.integers(256)
    elif kind == 3:
        for place in places:
            found[place] ^= 1 << int(generator.integers(8))
    elif kind == 4:
        place = int(places[0])
        value = int(generator.choice([0, 1, 0x7FFF, 0xFFFF, 0xFFFE, 0x7FFFFFFF, 0xFFFFFFFF]))
        found[place : place + 4] = value.to_bytes(4, "little")
    elif kind == 5:
        del found[int(places[0]) : int(places[0]) + int(generator.integers(1, 64))]
    else:
        found[int(places[0]) : int(places[0])] = generator.bytes(int(generator.integers(1, 64)))
    return bytes(found[: int(generator.integers(first, last))] if generator.random() < 0.1 else found)


def read(path: Path) -> str:
    """Read a file in every way that there is; say what came of it."""
    from crossray.dicom import read_dicom, read_dicom_shape
    from crossray.errors import UnusableImageError
    from crossray.images import load_square
    from crossray.remarks import counted

    with counted():
        try:
            np.asarray(read_dicom(path)[0])
            load_square(path, 16)
        except UnusableImageError as reason:
            outcome = "rejected" if len(str(reason)) < 160 and "Error" not in str(reason) else f"reason: {reason}"
        except Exception as error:
            outcome = f"raised {type(error).__name__}: {error}"
        else:
            outcome = "converted"
        try:
            read_dicom_shape(path)
        except UnusableImageError:
            pass
        except Exception as error:
            outcome = f"raised {type(error).__name__} (shape): {error}"
    return outcome


def _serve(connection) -> None:
    while True:
        connection.send(read(connection.recv()))


class Reader:
    """A process that reads files, replaced when it dies or hangs."""

    def __init__(self) -> None:
        self._process = None

    def outcome(self, path: Path) -> str:
        """Have a file read; say what came of it."""
        if self._process is None:
            context = get_context("spawn")
            self._here, there = context.Pipe()
            self._process = context.Process(target=_serve, args=(there,), daemon=True)
            self._process.start()
            there.close()
            self._here.send(path)
            self._here.poll(2 * LIMIT)  # the process has yet to import what it needs
        else:
            self._here.send(path)
        begun = time.perf_counter()
        try:
            if self._here.poll(LIMIT):
                taken = time.perf_counter() - begun
                answer = self._here.recv()
                return answer if taken < LIMIT else "hung"
            outcome = "hung"
        except EOFError:
            outcome = "died"
        self.close()
        return outcome

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def outcomes(files: int, seed: int, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the syntax of each damaged file and what came of it."""
    generator = np.random.default_rng(seed)
    sources = {name: write_source(folder / "source.dcm", name) for name in SOURCES}
    reader = Reader()
    for number in range(files):
        name = list(SOURCES)[number % len(SOURCES)]
        path = folder / "damaged.dcm"
        path.write_bytes(damaged(sources[name], generator))
        outcome = reader.outcome(path)
        if outcome not in ("converted", "rejected"):
            path.rename(folder / f"{number}.dcm")
        yield name, outcome
    reader.close()


def main(argv: list[str] | None = None) -> int:
    """Damage, read, count, and return 1 if a file broke something."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    rows = []
    for number, (name, outcome) in enumerate(outcomes(arguments.files, arguments.seed, folder)):
        if outcome not in ("converted", "rejected"):
            print(f"{name}: {outcome} ({folder}/{number}.dcm)", flush=True)
        rows.append((name, outcome.split(" ")[0]))
    names, kinds = zip(*rows, strict=True)
    table = pd.crosstab(pd.Series(names, name="syntax"), pd.Series(kinds, name="outcome"))
    print(table.to_string())
    return int(not set(table.columns) <= {"converted", "rejected"})


if __name__ == "__main__":
    sys.exit(main())
