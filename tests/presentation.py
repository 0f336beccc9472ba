"""DICOM headers of every kind of presentation, for DCMTK's dcm2pnm to judge: modality, VOI, polarity, palette, bits.

Each is a picture with all levels in it, and the options by which dcm2pnm shows what docs/data-format.md says.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import uid

from helpers import dicom_file

#: every value of 12 bits, and of 8
RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
SMALL = np.arange(256, dtype=np.uint8).reshape(16, 16)


@dataclass(frozen=True)
class Case:
    """A file, how dcm2pnm is asked for it, and how far apart the two may be, of 255 levels."""

    name: str
    pixels: NDArray
    elements: dict[str, Any]
    options: tuple[str, ...] = ()
    bits: int | None = None
    syntax: uid.UID = uid.ExplicitVRLittleEndian
    tolerance: float = 1.0

    def write(self, path: Path) -> Path:
        """Write the file."""
        big = self.syntax == uid.ExplicitVRBigEndian and self.pixels.dtype.itemsize == 2
        data = self.pixels.astype(self.pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
        return dicom_file(path, self.pixels, self.bits, self.syntax, data, **self.elements)


def table(first: int, bits: int, entries: NDArray, vr: str = "US", first_vr: str = "US", packed: bool = False) -> Any:
    """Return the item of a look-up table; ``packed`` puts two entries of 8 bits into a word."""
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", first_vr, [len(entries) % 65536, first, bits])
    if packed:
        item.add_new("LUTData", "OW", entries.astype(np.uint8).tobytes())
    elif vr == "OW":
        item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    else:
        item.add_new("LUTData", vr, [int(entry) for entry in entries])
    return item


def curve(count: int, bits: int) -> NDArray:
    """Return entries of a curve that uses all of its bits."""
    return np.round((2**bits - 1) * np.linspace(0, 1, count) ** 1.5).astype(int)


def cases() -> Iterator[Case]:
    """Yield every case."""
    yield from _windows()
    yield from _voi_tables()
    yield from _modality()
    yield from _palettes()


def _windows() -> Iterator[Case]:
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        for photometric in ("MONOCHROME1", "MONOCHROME2"):
            elements = {"WindowCenter": 1800, "WindowWidth": 1500, "VOILUTFunction": function}
            elements["PhotometricInterpretation"] = photometric
            yield Case(f"window {function}, {photometric}", RAMP, elements, ("+Wi", "1"), 12)
    window = {"WindowCenter": 100.5, "WindowWidth": 900.25}
    yield Case("window, signed", signed, window, ("+Wi", "1"), 12)
    yield Case("window, signed, implicit VR", signed, window, ("+Wi", "1"), 12, uid.ImplicitVRLittleEndian)
    yield Case("window, big endian", RAMP, window, ("+Wi", "1"), 12, uid.ExplicitVRBigEndian)
    yield Case("two windows", RAMP, {"WindowCenter": [900, 10], "WindowWidth": [500, 20]}, ("+Wi", "1"), 12)
    first = {"WindowCenter": [0, 900], "WindowWidth": [0, 500]}
    yield Case("window of width 0 before a good one", RAMP, first, ("+Wi", "2"), 12)
    yield Case("window of width 1", RAMP, {"WindowCenter": 2000, "WindowWidth": 1}, ("+Wi", "1"), 12)
    for shape in ("IDENTITY", "INVERSE"):
        yield Case(f"shape {shape}", RAMP, window | {"PresentationLUTShape": shape}, ("+Wi", "1"), 12)
    yield Case("values in the upper bits", RAMP << 4, window | {"HighBit": 15}, ("+Wi", "1"), 12)
    junk = RAMP | (np.random.default_rng(0).integers(0, 16, RAMP.shape) << 12).astype(np.uint16)
    yield Case("rubbish above the stored bits", junk, window, ("+Wi", "1"), 12)
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        yield Case(f"8 bits as they are, {photometric}", SMALL, {"PhotometricInterpretation": photometric})


def _voi_tables() -> Iterator[Case]:
    for bits in (8, 10, 12, 14, 16):
        item = table(0, bits, curve(4096, bits))
        yield Case(f"VOI LUT of {bits} bits", RAMP, {"VOILUTSequence": [item]}, ("+Wl", "1"), 12)
        item = table(0, bits, curve(4096, bits), "OW")
        yield Case(f"VOI LUT of {bits} bits, OW", RAMP, {"VOILUTSequence": [item]}, ("+Wl", "1"), 12)
    short = {"VOILUTSequence": [table(1000, 12, curve(2000, 12))]}
    yield Case("VOI LUT of a part of the values", RAMP, short, ("+Wl", "1"), 12)
    narrow = {"VOILUTSequence": [table(0, 16, curve(4096, 12))]}
    yield Case("VOI LUT of 12 bits where it says 16", RAMP, narrow, ("+Wl", "1", "+Mv"), 12)
    descending = {"VOILUTSequence": [table(0, 12, curve(4096, 12)[::-1])]}
    yield Case("VOI LUT, descending", RAMP, descending, ("+Wl", "1"), 12)
    whole = {"VOILUTSequence": [table(0, 16, curve(65536, 16), "OW")]}
    yield Case("VOI LUT of 65,536 entries", RAMP, whole, ("+Wl", "1"), 12)
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    for vr, first in (("SS", -2048), ("US", 65536 - 2048)):
        items = {"VOILUTSequence": [table(first, 12, curve(4096, 12), first_vr=vr)]}
        yield Case(f"VOI LUT from -2048 as {vr}, signed pixels", signed, items, ("+Wl", "1"), 12)
        items |= {"RescaleSlope": 1, "RescaleIntercept": -2048}
        yield Case(f"VOI LUT from -2048 as {vr}, rescaled", RAMP, items, ("+Wl", "1"), 12)


def _modality() -> Iterator[Case]:
    window = {"WindowCenter": 30000, "WindowWidth": 50000}
    for bits in (10, 12, 16):
        elements = {"ModalityLUTSequence": [table(0, bits, curve(4096, bits))]}
        elements |= {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2**bits}
        yield Case(f"modality LUT of {bits} bits, window", RAMP, elements, ("+Wi", "1"), 12)
    for bits in (8, 16):
        elements = {"ModalityLUTSequence": [table(0, bits, curve(256, bits)[::-1])]}
        yield Case(f"descending modality LUT of {bits} bits, no window", SMALL, elements)
    both = {"ModalityLUTSequence": [table(0, 12, curve(4096, 12))], "VOILUTSequence": [table(0, 10, curve(4096, 10))]}
    yield Case("modality LUT, then VOI LUT", RAMP, both, ("+Wl", "1"), 12)
    for slope, intercept in ((-1, 4095), (16, 0), (0.5, 100)):
        elements = {"RescaleSlope": slope, "RescaleIntercept": intercept, "WindowCenter": 2000, "WindowWidth": 1000}
        yield Case(f"rescale by {slope} and {intercept}, window", RAMP, elements, ("+Wi", "1"), 12)
    for slope, intercept in ((-1, 255), (-2, 0), (3, -100)):
        elements = {"RescaleSlope": slope, "RescaleIntercept": intercept}
        yield Case(f"rescale by {slope} and {intercept}, 8 bits, no window", SMALL, elements)
    zero = {"RescaleSlope": 0, "RescaleIntercept": 7, "WindowCenter": 2048, "WindowWidth": 4096}
    yield Case("rescale slope 0", RAMP, zero, ("+Wi", "1"), 12)
    yield Case("rescale slope alone", RAMP, window | {"RescaleSlope": 3}, ("+Wi", "1"), 12)


def _palettes() -> Iterator[Case]:
    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian):
        for bits in (8, 16):
            elements: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
            order = ">" if syntax == uid.ExplicitVRBigEndian else "<"
            for colour, power in (("Red", 1), ("Green", 2), ("Blue", 0.5)):
                entries = np.round((2**bits - 1) * np.linspace(0, 1, 256) ** power)
                elements[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, bits]
                elements[f"{colour}PaletteColorLookupTableData"] = entries.astype(f"{order}u2").tobytes()
            yield Case(f"palette of {bits} bits, {syntax.name}", SMALL, elements, syntax=syntax, tolerance=1.5)


def shown_by_dcmtk(case: Case, path: Path) -> NDArray | None:
    """Return the grey levels that dcm2pnm shows of a case's file, 0 to 255; None if it shows nothing."""
    picture = path.with_suffix(".png")
    command = ["dcm2pnm", "--quiet", "--no-overlays", "--write-16-bit-png", "+Mm", *case.options]
    subprocess.run([*command, str(path), str(picture)], check=False, timeout=60, stderr=subprocess.DEVNULL)
    shown = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED) if picture.exists() else None
    if shown is None:
        return None
    grey = shown.astype(float) * 255 / np.iinfo(shown.dtype).max
    return grey[..., ::-1] @ [0.299, 0.587, 0.114] if grey.ndim == 3 else grey
