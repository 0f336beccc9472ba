"""Look-up tables of DICOM headers, as PS3.3 C.11.1.1, C.11.2.1.1 and C.7.6.3.1.5 to 6 define them.

Devices write them in ways of their own: entries of 8 bits one a word or two, the first input as US where it is SS,
a width of entries that is not theirs. All that is read here, once for modality, VOI and palette.
"""

from dataclasses import dataclass

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut

from crossray import elements
from crossray.remarks import remark


@dataclass(frozen=True)
class Table:
    """A look-up table.

    Attributes:
        entries: shape (entries), uint16.
        first: the input that the first entry belongs to; inputs below it get the first entry, those above, the last.
        largest: the end of the range of entries, from the bits that they have.
    """

    entries: NDArray[np.uint16]
    first: int
    largest: int

    def __call__(self, inputs: NDArray) -> NDArray[np.uint16]:
        """Look inputs up, rounded to whole numbers."""
        places = np.rint(inputs) - self.first
        return self.entries[np.clip(places, 0, len(self.entries) - 1).astype(np.int64)]


def table(
    header: pydicom.Dataset, little: bool, inputs: tuple[float, float], signed: bool, prefix: str = ""
) -> Table | None:
    """Read a table.

    Args:
        header: a sequence's item, or the header of a palette.
        little: the order of bytes of the file, for entries that are no numbers for pydicom.
        inputs: the smallest and the largest input that can occur.
        signed: whether inputs are signed, and with them the first input of the descriptor (C.11.2.1.1).
        prefix: of the keywords; empty for LUTDescriptor and LUTData.

    Returns:
        The table; None if there is none, or fewer entries than it says.
    """
    name = f"{prefix}LookupTable" if prefix else "LUT"
    descriptor = elements.numbers(header, f"{name}Descriptor")
    if len(descriptor) < 3 or None in descriptor:
        return None
    count, first, bits = (int(number or 0) for number in descriptor[:3])
    count = count % 2**16 or 2**16
    entries = _entries(header, f"{name}Data", count, bits, little)
    if entries is None:
        return None
    return Table(entries, _first(first, count, inputs, signed), 2 ** _own_bits(entries, bits) - 1)


def _first(first: int, count: int, inputs: tuple[float, float], signed: bool) -> int:
    """Give the first input its sign: that of the inputs, unless by it not one of them lies in the table."""
    unsigned = first % 2**16
    as_signed = unsigned - 2**16 if unsigned >= 2**15 else unsigned
    right, other = (as_signed, unsigned) if signed else (unsigned, as_signed)

    def touched(start: int) -> bool:
        return start <= inputs[1] and start + count > inputs[0]

    return right if touched(right) or not touched(other) else other


def _entries(header: pydicom.Dataset, keyword: str, count: int, bits: int, little: bool) -> NDArray[np.uint16] | None:
    """Return so many entries: one a word, or two a word, the first in the lower byte; None if there are fewer."""
    data = elements.value(header, keyword)
    if isinstance(data, bytes):
        content = data
        little = little or header[keyword].VR == "OB"  # bytes, and no words to be swapped
    else:
        words = [int(number or 0) % 2**16 for number in elements.numbers(header, keyword)]
        content, little = np.array(words, "<u2").tobytes(), True
    if len(content) >= 2 * count:
        return np.frombuffer(content, "<u2" if little else ">u2", count).astype(np.uint16)
    if bits > 8 or len(content) < count:
        return None
    packed = np.frombuffer(content[: len(content) // 2 * 2], "<u2" if little else ">u2").astype("<u2").view(np.uint8)
    # An odd last byte has no word to be swapped in.
    return np.append(packed, np.frombuffer(content, np.uint8)[len(packed) :])[:count].astype(np.uint16)


def _own_bits(entries: NDArray[np.uint16], declared: int) -> int:
    """Return the bits of entries: those that they use, where the descriptor says others."""
    used = max(1, int(entries.max()).bit_length())
    if used != declared:
        remark(f"entries of a look-up table use {used} bits where it says {declared}: their own range counts")
    return used


def palette(header: pydicom.Dataset, little: bool, inputs: tuple[float, float]) -> list[Table] | None:
    """Read the three tables of a palette, of one width of entries; None if one of them is missing or too short."""
    plain = _expanded(header, little) if "SegmentedRedPaletteColorLookupTableData" in header else header
    tables = []
    for colour in ("Red", "Green", "Blue"):
        found = plain and table(plain, little, inputs, inputs[0] < 0, f"{colour}PaletteColor")
        if not found:
            return None
        tables.append(found)
    largest = 255 if max(int(each.entries.max()) for each in tables) <= 255 else 65535
    return [Table(each.entries, each.first, largest) for each in tables]


def _expanded(header: pydicom.Dataset, little: bool) -> pydicom.Dataset | None:
    """Write a segmented palette (PS3.3 C.7.9.2) out as a plain one, by pydicom; None if it is damaged."""
    segmented, plain = pydicom.Dataset(), pydicom.Dataset()
    segmented.set_original_encoding(False, True)
    count = 0
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTable"
        descriptor = [int(number or 0) % 2**16 for number in elements.numbers(header, f"{name}Descriptor")]
        data = elements.value(header, f"Segmented{name}Data")
        if len(descriptor) < 3 or not isinstance(data, bytes):
            return None
        count = descriptor[0] or 2**16
        words = np.frombuffer(data[: len(data) // 2 * 2], "<u2" if little else ">u2").astype("<u2")
        segmented.add_new(f"{name}Descriptor", "US", [descriptor[0], 0, descriptor[2]])
        segmented.add_new(f"Segmented{name}Data", "OW", words.tobytes())
        plain.add_new(f"{name}Descriptor", "US", descriptor)
    try:
        colours = apply_color_lut(np.arange(count), segmented)
    except Exception:  # whatever pydicom meets in damaged segments
        return None
    for colour, entries in zip(("Red", "Green", "Blue"), colours[:, :3].T, strict=True):
        plain.add_new(f"{colour}PaletteColorLookupTableData", "US", [int(entry) for entry in entries])
    return plain
