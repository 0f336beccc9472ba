"""Read the markers of a compressed frame; nothing is decoded.

The stream takes precedence over the file's header, which is wrong more often. Truncation is detected here, as most
codecs silently fill in missing data.
"""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from crossray.errors import UnusableImageError
from crossray.limits import check_frame

_JPEG, _CODESTREAM = b"\xff\xd8", b"\xff\x4f\xff\x51"
_JP2_BOX, _JXL_BOX = b"\0\0\0\x0cjP  \r\n\x87\n", b"\0\0\0\x0cJXL \r\n\x87\n"
_JXL_CODESTREAM = b"\xff\x0a"
#: boxes with a codestream, or the first part of one after its number
_JP2_CODESTREAM, _JXL_WHOLE, _JXL_PART = {b"jp2c"}, b"jxlc", b"jxlp"

#: width by height of a JPEG XL picture that does not say its width, and the bits of a length (ISO/IEC 18181-1 D.2)
_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_JXL_BITS = (9, 13, 18, 30)

_END_OF_IMAGE = b"\xff\xd9"
#: JPEG markers (ISO/IEC 10918-1 table B.1, ISO/IEC 14495-1 C.1.1)
_SOS, _EOI, _APP0, _APP14, _SOF_LS = 0xDA, 0xD9, 0xE0, 0xEE, 0xF7
_SEQUENTIAL, _LOSSLESS = (0xC0, 0xC1, 0xC2), 0xC3
_OTHER_FRAMES = set(range(0xC5, 0xD0)) - {0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD8)}
#: a scan's marker as a word of two bytes, the lower first
_SCAN_WORD = int.from_bytes((0xFF, _SOS), "little")
#: segments, and bytes that fill up between them, before the first scan
_MOST_SCANS, _MOST_SEGMENTS, _MOST_FILLED = 100, 10_000, 10_000

#: JPEG 2000 markers (ISO/IEC 15444-1 table A.2, 15444-15)
_CAP, _COD, _SOT = 0xFF50, 0xFF52, 0xFF90
_MOST_TILES = 65535


@dataclass(frozen=True)
class Stream:
    """The facts of a compressed frame.

    Attributes:
        kind: "JPEG", "JPEG lossless", "JPEG-LS", "JPEG 2000", "HTJ2K" or "JPEG XL".
        rows: height, 0 if only decoding shows it, as the image may be rotated (JPEG XL).
        columns: width.
        components: values of a pixel.
        bits: precision of a value.
        signed: whether values have a sign of their own.
        converts: whether its decoder returns red, green, blue whatever was coded; None if the stream does not say.
        reversible: whether the coding is lossless.
    """

    kind: str
    rows: int = 0
    columns: int = 0
    components: int = 0
    bits: int = 0
    signed: bool = False
    converts: bool | None = None
    reversible: bool = True


def begins_stream(content: bytes | memoryview) -> bool:
    """Say whether bytes begin as a compressed frame of any kind but RLE, which has no mark of its own."""
    first = bytes(content[:12])
    return first.startswith((_JPEG + b"\xff", _CODESTREAM)) or first in (_JP2_BOX, _JXL_BOX)


def is_jpeg_xl(content: bytes) -> bool:
    """Say whether bytes begin as JPEG XL, whose short mark is too short to look for where anything may stand."""
    return content.startswith((_JXL_CODESTREAM, _JXL_BOX))


def describe(content: bytes) -> Stream:
    """Read the markers of a stream.

    Raises:
        UnusableImageError: if it is of no known kind, damaged or cut off.
    """
    try:
        if content.startswith(_JPEG):
            return _jpeg(content)
        if content.startswith(_JP2_BOX):
            content = _box(content, _JP2_CODESTREAM)
        if content.startswith(_CODESTREAM):
            return _jpeg_2000(content)
        if is_jpeg_xl(content):
            return _jpeg_xl(content)
    except (struct.error, IndexError) as error:
        raise UnusableImageError("damaged or truncated stream: its markers end too early") from error
    raise UnusableImageError("unreadable pixels: fragments of no known kind of compression")


def _jpeg(content: bytes) -> Stream:
    """Read the segments of a JPEG or JPEG-LS stream up to its first scan."""
    check_scans(content)
    frame, jfif, adobe, scan = None, False, None, 0
    for code, segment, end in _segments(content):
        scan = end
        if code in (*_SEQUENTIAL, _LOSSLESS, _SOF_LS):
            frame = code, segment
        elif code in _OTHER_FRAMES:
            raise UnusableImageError("JPEG with arithmetic coding or of several resolutions, not supported")
        elif code == _APP0 and segment.startswith(b"JFIF\0"):
            jfif = True
        elif code == _APP14 and segment.startswith(b"Adobe") and len(segment) >= 12:
            adobe = segment[11]
    if frame is None:
        raise UnusableImageError("damaged JPEG stream: no frame header before the scan")
    if content.rfind(_END_OF_IMAGE, scan) < 0:
        raise UnusableImageError("truncated JPEG stream: no end of image")
    return _jpeg_frame(*frame, jfif, adobe)


def check_scans(content: bytes) -> None:
    """Refuse a JPEG stream that goes over its picture again and again, which takes a decoder minutes.

    Raises:
        UnusableImageError: if it has more than a hundred scans; progressive pictures have about ten.
    """
    view = memoryview(content)
    # bytes.count takes longer than to read the file, so words are compared, of even places and of odd ones
    pairs = (np.frombuffer(view[first : len(view) - (len(view) - first) % 2], "<u2") for first in (0, 1))
    if sum(int(np.count_nonzero(words == _SCAN_WORD)) for words in pairs) > _MOST_SCANS:
        raise UnusableImageError(f"JPEG stream of more than {_MOST_SCANS} scans")


def _segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield the marker, the content and the end of each segment, up to the first scan header."""
    code, place = 0, 2
    for _ in range(_MOST_SEGMENTS):
        code, place = _marker(content, place)
        if code == _EOI:
            raise UnusableImageError("damaged JPEG stream: no scan in it")
        if code not in _ALONE:
            length = struct.unpack_from(">H", content, place)[0]
            place += length
            yield code, content[place - length + 2 : place], place
        if code == _SOS:
            return
    raise UnusableImageError("damaged JPEG stream: too many segments before the scan")


def _marker(content: bytes, place: int) -> tuple[int, int]:
    """Return the code of the marker at ``place``, past any fill bytes (ISO/IEC 10918-1 B.1.1.2), and its end."""
    if content[place] != 0xFF:
        raise UnusableImageError("damaged JPEG stream: no marker where one must be")
    for filled in range(place, place + _MOST_FILLED):
        if content[filled] != 0xFF:
            return content[filled], filled + 1
    raise UnusableImageError("damaged JPEG stream: no marker where one must be")


def _jpeg_frame(code: int, segment: bytes, jfif: bool, adobe: int | None) -> Stream:
    bits, rows, columns, components = struct.unpack_from(">BHHB", segment)
    identifiers = bytes(segment[6 + 3 * n] for n in range(components))
    if not (rows and columns and 1 <= components <= 4 and 2 <= bits <= 16):
        raise UnusableImageError("damaged JPEG stream: absurd frame header")
    if code == _SOF_LS:
        return Stream("JPEG-LS", rows, columns, components, bits)
    if code == _LOSSLESS:
        return Stream("JPEG lossless", rows, columns, components, bits)
    converts = None
    if jfif or adobe is not None:
        converts = jfif or adobe != 0
    elif identifiers == b"RGB":
        converts = False
    return Stream("JPEG", rows, columns, components, bits, converts=converts, reversible=False)


def _box(content: bytes, wanted: Collection[bytes]) -> bytes:
    """Return the first box of these names in a JP2 or JPEG XL file (ISO/IEC 15444-1 I.4)."""
    place = 0
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        start = place + 8
        if length == 1:
            length, start = struct.unpack_from(">Q", content, start)[0], start + 8
        if name in wanted:
            return content[start : place + length if length else None]
        if length < 8:
            break
        place += length
    raise UnusableImageError("damaged stream: no codestream in its boxes")


def codestream(content: bytes | memoryview) -> bytes | memoryview:
    """Return a JPEG 2000 stream without the boxes around it, if there are any."""
    return _box(bytes(content), _JP2_CODESTREAM) if bytes(content[: len(_JP2_BOX)]) == _JP2_BOX else content


def _jpeg_2000(content: bytes) -> Stream:
    """Read the main header of a JPEG 2000 codestream, and whether all its tiles are there."""
    size = struct.unpack_from(">8IH", content, 8)
    components = [content[42 + 3 * n : 45 + 3 * n] for n in range(size[8])]
    if not 1 <= len(components) <= 4 or len(components[-1]) < 3:
        raise UnusableImageError(f"JPEG 2000 stream of {size[8]} components, 1 to 4 are read")
    if len(set(components)) > 1 or components[0][1:] != b"\1\1":
        raise UnusableImageError("JPEG 2000 stream with components of different size or depth, not supported")
    high_throughput, coding, place = False, b"", 4 + struct.unpack_from(">H", content, 4)[0]
    while (code := struct.unpack_from(">H", content, place)[0]) != _SOT:
        length = struct.unpack_from(">H", content, place + 2)[0]
        if code < 0xFF00 or length < 2:
            raise UnusableImageError("damaged JPEG 2000 stream: no marker where one must be")
        high_throughput |= code == _CAP
        if code == _COD:
            coding = content[place + 4 : place + 2 + length]
        place += 2 + length
    depth = components[0][0]
    if size[0] <= size[2] or size[1] <= size[3] or len(coding) < 10 or depth & 0x7F > 37:
        raise UnusableImageError("damaged JPEG 2000 stream: absurd main header")
    _check_tiles(content, place, size)
    return Stream(
        "HTJ2K" if high_throughput else "JPEG 2000",
        rows=size[1] - size[3],
        columns=size[0] - size[2],
        components=len(components),
        bits=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        converts=bool(coding[4]) and len(components) >= 3,
        reversible=coding[9] == 1,
    )


def _check_tiles(content: bytes, place: int, size: tuple[int, ...]) -> None:
    """Walk the tile-parts (ISO/IEC 15444-1 A.4.2), which say their lengths, and compare with the grid of tiles."""
    width, height, _, _, tile_width, tile_height, left, top, _ = size
    across, down = (
        -(-length // max(1, tile)) for length, tile in ((width - left, tile_width), (height - top, tile_height))
    )
    expected = across * down
    if not 1 <= expected <= _MOST_TILES or not (tile_width and tile_height):
        raise UnusableImageError("damaged JPEG 2000 stream: absurd main header")
    seen = set()
    while place + 12 <= len(content) and struct.unpack_from(">H", content, place)[0] == _SOT:
        tile, length = struct.unpack_from(">HI", content, place + 4)
        seen.add(tile)
        if not length:  # the last, up to the end of the codestream
            if content.rfind(_END_OF_IMAGE, place) < 0:
                raise UnusableImageError("truncated JPEG 2000 stream: no end of codestream")
            break
        if length < 14 or place + length > len(content):
            raise UnusableImageError("truncated JPEG 2000 stream: a tile is cut off")
        place += length
    if len(seen) < expected:
        raise UnusableImageError(f"truncated JPEG 2000 stream: {len(seen)} of {expected} tiles")


def _jpeg_xl(content: bytes) -> Stream:
    """Read the size of a JPEG XL codestream (ISO/IEC 18181-1 D.2), which may turn it; the rest only decoding tells."""
    if content.startswith(_JXL_BOX):
        content = _box(content, {_JXL_WHOLE, _JXL_PART})
        content = content if content.startswith(_JXL_CODESTREAM) else content[4:]
    bits = int.from_bytes(content[2:14], "little")

    def taken(count: int) -> int:
        nonlocal bits
        value, bits = bits % 2**count, bits >> count
        return value

    def length(in_eights: int) -> int:
        return 8 * (taken(5) + 1) if in_eights else taken(_JXL_BITS[taken(2)]) + 1

    small = taken(1)
    rows = length(small)
    ratio = taken(3)
    across, down = _JXL_RATIOS[ratio - 1]
    check_frame(rows, rows * across // down if ratio else length(small))
    return Stream("JPEG XL")
