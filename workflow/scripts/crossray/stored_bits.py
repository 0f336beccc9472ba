"""Which bits of a stored value are valid (PS3.5 8.1.1), and its sign."""

import numpy as np
import pydicom
from numpy.typing import NDArray

from crossray import elements
from crossray.limits import row_blocks
from crossray.remarks import remark

_OVERLAYS = range(0x6000, 0x6020, 2)

#: bits above Bits Stored are kept if the image is this much smoother with them than without
SMOOTHER = 0.5


def own_bits(header: pydicom.Dataset, values: NDArray, precision: int) -> tuple[NDArray, int, bool]:
    """Restore the sign of values and drop the bits that are not theirs.

    The standard has bits above Bits Stored (0028,0101) ignored. Yet Bits Stored is too low in some files, whose
    brightest parts would turn black. So bits above are kept if neighbours that differ in them are alike with them: over
    all such neighbours, differences must be below :data:`SMOOTHER` of those without these bits, and the header must
    know of no overlay (60xx,0102) in them. For overlays and rubbish it is the other way round.

    Args:
        header: Bits Stored, High Bit, Pixel Representation, padding and overlays count.
        values: shape (rows, columns), as they were decoded.
        precision: bits that each can have.

    Returns:
        Stored values, their bits, and whether they have a sign.
    """
    signed = elements.integer(header, "PixelRepresentation") == 1
    if elements.integer(header, "PixelRepresentation") is None:
        remark("no Pixel Representation (0028,0103), taken as unsigned")
    bits = min(elements.integer(header, "BitsStored") or precision, precision)
    if values.dtype.kind == "i":  # the codec has restored the sign that its stream says
        return values, bits, True
    shift = (elements.integer(header, "HighBit") or bits - 1) + 1 - bits
    if 0 < shift <= precision - bits:
        values = values >> np.asarray(shift, values.dtype)
        precision -= shift
    if not values.size or (int(values.max()) < 2 ** (bits - 1 if signed else bits)):
        return values, bits, signed
    if bits == precision:
        return (_signed(values, bits) if signed else values), bits, signed
    return *_chosen(header, values, precision, bits, signed), signed


def _chosen(header: pydicom.Dataset, values: NDArray, precision: int, bits: int, signed: bool) -> tuple[NDArray, int]:
    """Drop the bits above, or keep them."""
    own = values & np.asarray(2**bits - 1, values.dtype)
    own = _signed(own, bits) if signed else own.astype(_wide(values))
    whole = _signed(values, precision) if signed else values.astype(_wide(values))
    if signed and np.array_equal(own, whole):
        return own, bits  # the bits above only repeat the sign
    padded = padding(whole, header)
    if not _has_embedded_overlay(header) and _is_smoother(whole, own, padded):
        remark("values exceed Bits Stored (0028,0101) smoothly: believed, the header is wrong")
        return whole, int(max(abs(int(whole.min())), int(whole.max()))).bit_length() + signed
    remark("bits above Bits Stored (0028,0101) dropped")
    np.copyto(own, whole, where=padded)
    return own, bits


def _is_smoother(whole: NDArray, own: NDArray, padded: NDArray[np.bool_]) -> bool:
    """Compare the differences of neighbours that differ in the bits above, with these and without."""
    with_them = without = 0
    for rows in row_blocks(whole.shape):
        across, down = slice(rows.start, rows.stop), slice(rows.start, rows.stop + 1)  # the next row, to compare with
        for part, one, other in ((across, np.s_[:, :-1], np.s_[:, 1:]), (down, np.s_[:-1], np.s_[1:])):
            high, low, out = whole[part], own[part], padded[part]
            above = high - low
            counted = (above[one] != above[other]) & ~out[one] & ~out[other]
            with_them += int(np.abs(high[one][counted] - high[other][counted]).sum())
            without += int(np.abs(low[one][counted] - low[other][counted]).sum())
    return with_them < SMOOTHER * without


def _wide(values: NDArray) -> type[np.signedinteger]:
    return np.int32 if values.dtype.itemsize <= 2 else np.int64


def _signed(values: NDArray, bits: int) -> NDArray:
    """Read unsigned numbers of so many bits as two's complement."""
    wide = values.astype(_wide(values))
    half = wide.dtype.type(2 ** (bits - 1))
    wide ^= half
    wide -= half
    return wide


def padding(values: NDArray, header: pydicom.Dataset) -> NDArray[np.bool_]:
    """Return the padding values: Pixel Padding Value (0028,0120), up to its Range Limit (0028,0121)."""
    value = elements.integer(header, "PixelPaddingValue")
    if value is None:
        return np.zeros(values.shape, bool)
    limit = elements.integer(header, "PixelPaddingRangeLimit")
    ends = [_as_stored(end, header) for end in (value, value if limit is None else limit)]
    return (values >= min(ends)) & (values <= max(ends))


def _as_stored(value: int, header: pydicom.Dataset) -> int:
    """Read a number as the pixels are: files may say US where the pixels are signed, or SS where they are not."""
    bits = elements.integer(header, "BitsAllocated") or 16
    value %= 2**bits
    signed = elements.integer(header, "PixelRepresentation") == 1 and value >= 2 ** (bits - 1)
    return value - 2**bits if signed else value


def _has_embedded_overlay(header: pydicom.Dataset) -> bool:
    """Say whether the header knows of an overlay in unused bits: Overlay Bit Position (60xx,0102) above 0."""
    there = [(group, 0x0102) for group in _OVERLAYS if (group, 0x0102) in header]
    for tag in there:
        elements.check_length(header, tag)
    return any(header[tag].value for tag in there)
