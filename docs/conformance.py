"""Convert every file of pydicom's own collections, compare with reference decoders, and say what came of each.

    python docs/conformance.py           prints the counts by transfer syntax; exits 1 if a file fails
    python docs/conformance.py --write   writes docs/dicom-conformance.md as well

Two other programs judge. Stored values must be equal, where the syntax is lossless, to those of pydicom's pipeline,
which decodes with GDCM, and JPEG 2000, for which CrossRay takes GDCM too, with OpenJPEG. Grey levels must be those that
DCMTK's dcm2pnm shows (Debian's package dcmtk), from the file itself where DCMTK knows the syntax, else from the stored
values above. What CrossRay does in another way, by docs/data-format.md, is asked of dcm2pnm as an option: the window of
a picture that brings none, the range of a look-up table's own entries. A file that is rejected must be rejected for
the reason that its header gives.
"""

import argparse
import importlib
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray import frames  # noqa: E402
from crossray.dicom import read_dicom  # noqa: E402
from crossray.errors import UnusableImageError  # noqa: E402
from crossray.pixel_data import read_file  # noqa: E402
from crossray.remarks import counted  # noqa: E402

PAGE = ROOT / "docs" / "dicom-conformance.md"

LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}
#: decoders round the cosine transform differently, by so many of 255 grey levels, and enlarge colours differently
LOSSY_TOLERANCE, COLOUR_TOLERANCE, LOSSY_MEAN = 4.0, 10.0, 1.0
#: DCMTK turns colours to red, green, blue of 8 bits
ROUNDING = 2.1 / 255

#: the judges of grey levels: DCMTK's programs, and the syntaxes that each knows
JUDGES = {
    "dcm2pnm": {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2",
                "1.2.840.10008.1.2.5"},
    "dcmj2pnm": {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57",
                 "1.2.840.10008.1.2.4.70"},
    "dcml2pnm": {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"},
}  # fmt: skip

#: files that no decoder reads as they are, and what is said about them
BROKEN = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "damaged JPEG 2000 stream: absurd main header",  # half of it is missing
    "emri_small_jpeg_2k_lossless_too_short.dcm": "several frames (0028,0008): 10",
    "MR_truncated.dcm": "truncated pixel data: 8130 of 8192 bytes",
    "badVR.dcm": "number of frames (0028,0008) not a number",
}
#: files in a syntax that no reference decoder reads (JPEG of 12 bits), with the lossless file of the same image
SIBLINGS = {"JPEG-lossy.dcm": "JPEG-LL.dcm", "JPGExtended.dcm": "JPEG-LL.dcm"}
#: files that DCMTK does not show, or not rightly, and why; pydicom judges
WITHOUT_JUDGE = {
    "SC_rgb_32bit.dcm": "DCMTK shows no 32-bit colours",
    "SC_rgb_expb_32bit.dcm": "DCMTK shows no 32-bit colours",
    "rtdose_expb_1frame.dcm": "DCMTK swaps the bytes of 32-bit big-endian values by words",
    "gdcm-US-ALOKA-16.dcm": "DCMTK shows no palette of 16-bit pixels",
    "SC_rgb_jpeg.dcm": "DCMTK fails at the byte after the end of the JPEG stream",
    "gdcm-US-ALOKA-16_big.dcm": "DCMTK shows no palette of 16-bit pixels",
}
#: mean difference of stored values between such a pair; the image has values up to 278
SIBLING_MEAN = 3.0


@dataclass(frozen=True)
class Outcome:
    """What became of one file: converted, rejected or failed, and why."""

    name: str
    syntax: str
    kind: str
    result: str
    words: str


def files() -> Iterator[Path]:
    """Yield every file of the two collections that is not a program or a note."""
    for package in ("pydicom.data", "data_store"):
        folder = Path(str(importlib.import_module(package).__file__)).parent
        yield from (
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix not in (".py", ".pyc", ".json", ".md", ".txt", ".xml", ".zip")
        )


def check(path: Path) -> Outcome:
    """Convert one file and compare."""
    header = _header(path)
    syntax = frames.transfer_syntax(header).name if header is not None else "none"
    kind = _kind(header)
    expected = _expected_reason(path, header)
    try:
        with counted():
            grey = np.asarray(read_dicom(path)[0])
    except UnusableImageError as reason:
        right = str(reason) == expected
        words = str(reason) if right else f"rejected: {reason}; expected: {expected or 'an image'}"
        return Outcome(path.name, syntax, kind, "rejected" if right else "FAILED", words)
    if expected or header is None:
        return Outcome(path.name, syntax, kind, "FAILED", f"converted; expected: {expected}")
    problem = _difference(path, header, grey)
    return Outcome(path.name, syntax, kind, "FAILED" if problem else "converted", problem or "")


def _header(path: Path) -> pydicom.Dataset | None:
    try:
        return pydicom.dcmread(path, force=True)
    except Exception:  # whatever pydicom raises for a file that is none
        return None


def _kind(header: pydicom.Dataset | None) -> str:
    """Describe an image in a few words."""
    if header is None or "Rows" not in header:
        return ""
    sign = "signed" if header.get("PixelRepresentation") else "unsigned"
    bits = f"{header.get('BitsStored')} of {header.get('BitsAllocated')} bits"
    return f"{header.get('PhotometricInterpretation')}, {bits}, {sign}"


def _expected_reason(path: Path, header: pydicom.Dataset | None) -> str | None:
    """Return the reason for which a file must be rejected, by its header alone."""
    if path.name in BROKEN:
        return BROKEN[path.name]
    if header is None or not _says_what_it_is(header):
        return "not a DICOM file"
    if not any(name in header for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        return "no pixel data (7FE0,0010)"
    if "Rows" not in header:
        return "no Rows (0028,0010)"
    count = int(header.get("NumberOfFrames") or 1)
    return f"several frames (0028,0008): {count}" if count > 1 else None


def _says_what_it_is(header: pydicom.Dataset) -> bool:
    return bool(getattr(header, "preamble", None)) or any(
        name in header
        for name in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality", "PatientID", "Rows")
    )


def _reference(header: pydicom.Dataset, raw: bool = False) -> NDArray:
    """Decode with what CrossRay does not decode this file with."""
    plugin = "pylibjpeg" if frames.transfer_syntax(header) in pydicom.uid.JPEG2000TransferSyntaxes else ""
    return np.asarray(pixel_array(header, raw=raw, decoding_plugin=plugin))


def stored_values(path: Path) -> NDArray:
    """Return the stored values of a file as CrossRay decodes them."""
    with counted():
        return np.asarray(frames.decode(*read_file(path)).values)


def _difference(path: Path, header: pydicom.Dataset, grey: NDArray) -> str | None:
    """Compare with the references; None if all is well."""
    header.file_meta.TransferSyntaxUID = frames.transfer_syntax(header)  # the reference does without no better
    if path.name in SIBLINGS:
        sibling = pydicom.dcmread(next(other for other in files() if other.name == SIBLINGS[path.name]))
        mean = np.abs(stored_values(path) - np.asarray(pixel_array(sibling, raw=True), dtype=float)).mean()
        if mean > SIBLING_MEAN:
            return f"stored values differ from {SIBLINGS[path.name]} by {mean:.1f} on average"
    lossless = frames.transfer_syntax(header) not in LOSSY
    colour = int(header.get("SamplesPerPixel") or 1) == 3 or header.PhotometricInterpretation == "PALETTE COLOR"
    if lossless and not colour:
        reference, ours = _reference(header, raw=True), stored_values(path)
        if not np.array_equal(reference, ours):
            return f"{np.count_nonzero(reference != ours)} stored values differ"
    if path.name in WITHOUT_JUDGE and not colour:
        return None
    expected = _brightness(path, header) if path.name in WITHOUT_JUDGE else _shown(path, header, colour)
    if expected is None:
        return "DCMTK shows nothing"
    difference = 255 * np.abs(grey.astype(float) / 65535 - expected)
    worst, mean = (255 * ROUNDING, 255 * ROUNDING) if lossless else (
        COLOUR_TOLERANCE if colour else LOSSY_TOLERANCE, LOSSY_MEAN)  # fmt: skip
    if difference.max() > worst or difference.mean() > mean:
        return f"grey levels differ by {difference.max():.1f} of 255, {difference.mean():.2f} on average"
    return None


def _brightness(path: Path, header: pydicom.Dataset) -> NDArray:
    """Return the brightness of colours by pydicom, 0 to 1; of big-endian palettes, which it misreads, the sibling's."""
    if header.PhotometricInterpretation == "PALETTE COLOR":
        header = pydicom.dcmread(path.with_name(path.name.replace("_big", "")))
    values = _reference(header)
    if header.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(values, header)
    return np.asarray(values[..., :3].astype(float) @ [0.299, 0.587, 0.114] / np.iinfo(values.dtype).max)


def _shown(path: Path, header: pydicom.Dataset, colour: bool) -> NDArray | None:
    """Return the grey levels that DCMTK shows, 0 to 1; None if it shows nothing."""
    syntax = frames.transfer_syntax(header)
    judge = next((name for name, known in JUDGES.items() if syntax in known), "")
    options = _window(path, header, colour)
    with tempfile.TemporaryDirectory() as folder:
        source, picture = path, Path(folder, "shown.png")
        if not judge:  # it gets the stored values
            source, judge = Path(folder, "plain.dcm"), "dcm2pnm"
            plain = pydicom.dcmread(path, force=True)
            plain.decompress(decoding_plugin="pylibjpeg")
            plain.save_as(source)
        command = [judge, "--quiet", "--no-overlays", "--write-16-bit-png", "+Mv", "+Mm", *options]
        subprocess.run([*command, str(source), str(picture)], check=False, timeout=60, stderr=subprocess.DEVNULL)
        shown = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED) if picture.exists() else None
    if shown is None:
        return None
    # Without a window it shows n bits as multiples of 2 ** (16 - n).
    white = 2**16 - 2 ** (16 - header.BitsStored) if not options and not colour else np.iinfo(shown.dtype).max
    grey = shown.astype(float) / white
    if grey.ndim == 3:
        return grey[..., ::-1] @ [0.299, 0.587, 0.114]
    if header.get("PixelPaddingValue") is not None:
        grey[_reference(header, raw=True) == header.PixelPaddingValue] = 0
    return grey


def _window(path: Path, header: pydicom.Dataset, colour: bool) -> list[str]:
    """Return the options by which dcm2pnm shows what docs/data-format.md says that CrossRay shows."""
    if colour:
        return []
    if header.get("VOILUTSequence") and "LUTDescriptor" in header.VOILUTSequence[0]:
        return ["+Wl", "1"]
    if header.get("WindowWidth") not in (None, "") and header.get("WindowCenter") not in (None, ""):
        return ["+Wi", "1"]
    if header.BitsStored <= 8:
        return []
    stored = stored_values(path) if path.name in SIBLINGS else _reference(header, raw=True)
    padding = header.get("PixelPaddingValue")
    values = apply_modality_lut(stored if padding is None else stored[stored != padding], header)
    first, last = np.percentile(values, (0.5, 99.5))
    return ["+Ww", f"{(first + last) / 2 + 0.5:.6f}", f"{last - first + 1:.6f}"]


def outcomes() -> list[Outcome]:
    """Check every file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [check(path) for path in files()]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Count outcomes by transfer syntax, and in all."""
    counts = pd.crosstab(table["syntax"], table["result"]).reindex(
        columns=["converted", "rejected", "FAILED"], fill_value=0
    )
    counts.loc["all"] = counts.sum()
    return counts


def page(table: pd.DataFrame) -> str:
    """Return the page, in Markdown."""
    lines = [
        "# DICOM files that convert, and those that do not",
        "",
        "Every DICOM file of pydicom and pydicom-data, and whether CrossRay converts it (`make conformance`).",
        "",
        "- **Converted**: stored values of a lossless file equal those of other decoders, and grey levels those that",
        f"  DCMTK's dcm2pnm, dcmj2pnm and dcml2pnm show, within {255 * ROUNDING:.0f} of 255 levels;",
        f"  in lossy files within {LOSSY_TOLERANCE:g} ({COLOUR_TOLERANCE:g} in colour; {LOSSY_MEAN:g} on average). If",
        "  an image has no window, DCMTK is told the one that CrossRay chooses",
        "  ([data-format.md](data-format.md#pixels)), and to use the declared",
        "  bits of look-up tables. Padding is black.",
        "- **Rejected**: the file has no image, several, or a damaged one, and the error says so.",
        "",
        "DCMTK also agrees on synthetic headers with every kind of window, look-up table, rescale, polarity and",
        "palette (`tests/unit/test_presentation.py`).",
        "",
        "Files that DCMTK does not show, or shows wrongly, are compared with pydicom:",
        "",
        *(f"- {name}: {why}." for name, why in WITHOUT_JUDGE.items()),
        "",
        "| transfer syntax | converted | rejected | failed |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row.converted} | {row.rejected} | {row.FAILED} |" for name, row in summary(table).iterrows()
    ]
    lines += ["", "| file | transfer syntax | image | outcome |", "|---|---|---|---|"]
    lines += [
        f"| {row.name} | {row.syntax} | {row.kind} | {row.result}{f': {row.words}' if row.words else ''} |"
        for row in table.itertuples(index=False)
    ]
    return "\n".join([*lines, ""])


def main(argv: list[str] | None = None) -> int:
    """Check, print, and return 1 if a file failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="write docs/dicom-conformance.md")
    arguments = options.parse_args(argv)
    if missing := [name for name in JUDGES if not shutil.which(name)]:
        options.error(f"{missing[0]} judges grey levels: install DCMTK (Debian: apt-get install dcmtk)")
    table = pd.DataFrame(outcomes())
    print(summary(table).to_string())
    for row in table[table["result"] == "FAILED"].itertuples(index=False):
        print(f"FAILED {row.name} ({row.syntax}; {row.kind}): {row.words}")
    if arguments.write:
        PAGE.write_text(page(table), encoding="utf-8")
    return int((table["result"] == "FAILED").any())


if __name__ == "__main__":
    sys.exit(main())
