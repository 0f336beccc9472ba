"""Convert every file of pydicom's own collections, compare with reference decoders, and say what came of each.

    python docs/conformance.py           prints the counts by transfer syntax; exits 1 if a file fails
    python docs/conformance.py --write   writes docs/dicom-conformance.md as well

The reference is pydicom's pipeline, which decodes with GDCM, and JPEG 2000, for which CrossRay takes GDCM too, with
OpenJPEG: never with what CrossRay decodes the file with. Stored values
must be equal where the syntax is lossless; grey levels must then be within one of 65,535, and elsewhere within what
decoders differ by. A file that is rejected must be rejected for the reason that its header gives.
"""

import argparse
import importlib
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing, pixel_array

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray import frames  # noqa: E402
from crossray.dicom import read_dicom  # noqa: E402
from crossray.errors import UnusableImageError  # noqa: E402

PAGE = ROOT / "docs" / "dicom-conformance.md"

LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}
#: decoders round the cosine transform differently, by so many of 255 grey levels, and enlarge colours differently
LOSSY_TOLERANCE, COLOUR_TOLERANCE, LOSSY_MEAN = 4.0, 10.0, 1.0
#: the reference turns brightness and colours to red, green, blue of 8 bits and back, and cuts off what is out of range
ROUNDING = 2 / 255

#: files that no decoder reads as they are, and what is said about them
BROKEN = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "unreadable pixels (Jpeg2kError)",  # half of the stream is missing
    "MR_truncated.dcm": "truncated pixel data: 8130 of 8192 bytes",
    "badVR.dcm": "number of frames (0028,0008) not a number",
}
#: files in a syntax that no reference decoder reads (JPEG of 12 bits), with the lossless file of the same image
SIBLINGS = {"JPEG-lossy.dcm": "JPEG-LL.dcm", "JPGExtended.dcm": "JPEG-LL.dcm"}
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
        grey = np.asarray(read_dicom(path)[0])
    except UnusableImageError as reason:
        right = str(reason) == expected
        words = str(reason) if right else f"rejected: {reason}; expected: {expected or 'an image'}"
        return Outcome(path.name, syntax, kind, "rejected" if right else "FAILED", words)
    if expected or header is None:
        return Outcome(path.name, syntax, kind, "FAILED", f"converted; expected: {expected}")
    problem = _difference(header, grey)
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


def _difference(header: pydicom.Dataset, grey: NDArray) -> str | None:
    """Compare with the reference; None if all is well."""
    name = Path(str(header.filename)).name
    header.file_meta.TransferSyntaxUID = frames.transfer_syntax(header)  # the reference does without no better
    if name in SIBLINGS:
        sibling = pydicom.dcmread(next(path for path in files() if path.name == SIBLINGS[name]))
        mean = np.abs(frames.decode(header) - np.asarray(pixel_array(sibling, raw=True), dtype=float)).mean()
        return f"stored values differ from {SIBLINGS[name]} by {mean:.1f} on average" if mean > SIBLING_MEAN else None
    lossless = frames.transfer_syntax(header) not in LOSSY
    colour = int(header.get("SamplesPerPixel") or 1) == 3 or header.PhotometricInterpretation == "PALETTE COLOR"
    if lossless and not colour:
        reference, ours = _reference(header, raw=True), frames.decode(header)
        if not np.array_equal(reference, ours):
            return f"{np.count_nonzero(reference != ours)} stored values differ"
    expected = _colour(header) if colour else _monochrome(header)
    difference = np.abs(grey.astype(float) / 65535 - expected)
    if lossless:
        allowed = ROUNDING if str(header.PhotometricInterpretation).startswith("YBR_FULL") else 1.01 / 65535
        return f"grey levels differ by {difference.max():.5f}" if difference.max() > allowed else None
    if (
        255 * difference.max() > (COLOUR_TOLERANCE if colour else LOSSY_TOLERANCE)
        or 255 * difference.mean() > LOSSY_MEAN
    ):
        return f"grey levels differ by {255 * difference.max():.1f} of 255, {255 * difference.mean():.2f} on average"
    return None


def _colour(header: pydicom.Dataset) -> NDArray:
    """Return the brightness of a colour image, 0 to 1."""
    values = _reference(header)
    if header.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(values, header)
    largest = np.iinfo(values.dtype).max
    return values[..., :3].astype(float) @ [0.299, 0.587, 0.114] / largest


def _monochrome(header: pydicom.Dataset) -> NDArray:
    """Return grey levels by pydicom's functions, 0 to 1."""
    values = apply_modality_lut(_reference(header, raw=True), header).astype(float)
    if header.get("VOILUTSequence"):
        grey = apply_voi(values.astype(np.int64), header) / (2 ** header.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif header.get("WindowWidth") not in (None, "") and header.get("WindowCenter") not in (None, ""):
        # Values far outside of any window show which range the function maps to.
        shown = apply_windowing(np.append(values.ravel(), [-1e12, 1e12]), header)
        grey = ((shown - shown[-2]) / (shown[-1] - shown[-2]))[:-2].reshape(values.shape)
    elif header.BitsStored <= 8:
        grey = values / (2**header.BitsStored - 1)
    else:
        padding = header.get("PixelPaddingValue")
        counted = values if padding is None else values[_reference(header, raw=True) != padding]
        first, last = np.percentile(counted, (0.5, 99.5))
        grey = (values - first) / ((last - first) or 1)
    grey = np.clip(grey, 0, 1)
    grey = 1 - grey if header.PhotometricInterpretation == "MONOCHROME1" else grey
    if header.get("PixelPaddingValue") is not None:
        grey[_reference(header, raw=True) == header.PixelPaddingValue] = 0
    return grey


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
        "Written by `make conformance` from the test files of pydicom and pydicom-data. Converted means: equal to the",
        "reference decoders in every stored value where the syntax is lossless, and within "
        f"{LOSSY_TOLERANCE:g} of 255 grey levels",
        f"({COLOUR_TOLERANCE:g} for colour; on average {LOSSY_MEAN:g}) where it is not. Rejected means: for the reason",
        "that the header gives.",
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
    table = pd.DataFrame(outcomes())
    print(summary(table).to_string())
    for row in table[table["result"] == "FAILED"].itertuples(index=False):
        print(f"FAILED {row.name} ({row.syntax}; {row.kind}): {row.words}")
    if arguments.write:
        PAGE.write_text(page(table), encoding="utf-8")
    return int((table["result"] == "FAILED").any())


if __name__ == "__main__":
    sys.exit(main())
