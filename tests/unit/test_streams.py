"""Frames as devices and archives write them: fragments, markers and what is cut off."""

import io
import struct

import imagecodecs
import numpy as np
import PIL.Image
import pydicom
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from crossray import codecs, dicom, streams
from crossray.errors import UnusableImageError
from crossray.remarks import counted

RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
SMALL = (RAMP // 16).astype(np.uint8)
COLOUR = np.stack([SMALL, SMALL[::-1], SMALL.T], axis=-1)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}


def j2k(pixels, **settings):
    return bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", **{"reversible": True, "level": 0} | settings))


def jpeg(pixels, **settings):
    stream = io.BytesIO()
    PIL.Image.fromarray(pixels).save(stream, "JPEG", quality=95, **settings)
    return stream.getvalue()


#: kind -> transfer syntax, pixels, stream
KINDS = {
    "JPEG baseline": (uid.JPEGBaseline8Bit, SMALL, jpeg(SMALL)),
    "JPEG progressive": (uid.UID("1.2.840.10008.1.2.4.55"), SMALL, jpeg(SMALL, progressive=True)),
    "JPEG 12 bit": (uid.JPEGExtended12Bit, RAMP, bytes(imagecodecs.jpeg8_encode(RAMP, level=99, bitspersample=12))),
    "JPEG lossless": (uid.JPEGLosslessSV1, RAMP, bytes(imagecodecs.ljpeg_encode(RAMP, bitspersample=12))),
    "JPEG-LS": (uid.JPEGLSLossless, RAMP, bytes(imagecodecs.jpegls_encode(RAMP))),
    "JPEG 2000": (uid.JPEG2000Lossless, RAMP, j2k(RAMP)),
    "HTJ2K": (uid.HTJ2KLossless, RAMP, bytes(imagecodecs.htj2k_encode(RAMP))),
    "JPEG XL": (uid.UID("1.2.840.10008.1.2.4.110"), RAMP, bytes(imagecodecs.jpegxl_encode(RAMP, lossless=True))),
}


def grey(path):
    with counted() as remarks:
        found = np.asarray(dicom.read_dicom(path)[0]) / 257
    return found, remarks


def write(write_dicom, kind, data, **elements):
    syntax, pixels, _ = KINDS[kind]
    bits = 8 if pixels.dtype == np.uint8 else 12
    window = WINDOW if bits == 12 else {}
    return write_dicom(pixels, bits=bits, data=data, **({"syntax": syntax} | window | elements))


def check(found, kind):
    pixels = KINDS[kind][1]
    expected = pixels * (255 / (255 if pixels.dtype == np.uint8 else 4095))
    lossy = kind in ("JPEG baseline", "JPEG progressive", "JPEG 12 bit")
    assert np.abs(found - expected).max() <= (4 if lossy else 0.01)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_stream_cut_off_within_whole_fragments_is_rejected(write_dicom, kind, share):
    stream = KINDS[kind][2]
    path = write(write_dicom, kind, encapsulate([stream[: int(share * len(stream))]]))
    with pytest.raises(UnusableImageError, match=r"truncated|damaged"):
        dicom.read_dicom(path)


def item(content):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def even(stream):
    return stream + b"\0" * (len(stream) % 2)


def rle(pixels):
    dataset = pydicom.Dataset()
    dataset.Rows, dataset.Columns = pixels.shape
    return pydicom.pixels.encoders.RLELosslessEncoder.encode(
        pixels, rows=pixels.shape[0], columns=pixels.shape[1], samples_per_pixel=1,
        bits_allocated=8 * pixels.dtype.itemsize, bits_stored=12, photometric_interpretation="MONOCHROME2",
        number_of_frames=1, pixel_representation=0,
    )  # fmt: skip


OFFSETS = {"empty": (), "wrong": (8,), "of fragments": (0, 20, 40), "absurd": (2**32 - 1,)}


@pytest.mark.parametrize("kind", [*KINDS, "RLE"])
@pytest.mark.parametrize("table", [*OFFSETS, "none"])
@pytest.mark.parametrize("end", [DELIMITER, b""], ids=["delimiter", "no delimiter"])
def test_one_frame_needs_no_basic_offset_table_and_no_delimiter(write_dicom, tmp_path, kind, table, end):
    if kind == "RLE":
        path = write_dicom(RAMP, bits=12, syntax=uid.RLELossless, data=encapsulate([b"frame!"]), **WINDOW)
        stream, checked = rle(RAMP), "JPEG 2000"
    else:
        path, stream, checked = write(write_dicom, kind, encapsulate([b"frame!"])), KINDS[kind][2], kind
    content = path.read_bytes()
    start = content.rfind(b"\xe0\x7f\x10\x00") + 12
    fragments = [item(even(part)) for part in (stream[:20], stream[20:40], stream[40:])]
    if table == "none":
        items = item(even(stream))
    else:
        items = item(struct.pack(f"<{len(OFFSETS[table])}I", *OFFSETS[table])) + b"".join(fragments)
    path.write_bytes(content[:start] + items + end)
    check(grey(path)[0], checked)


@pytest.mark.parametrize("kind", ["JPEG baseline", "JPEG lossless", "JPEG-LS", "JPEG 2000", "HTJ2K", "RLE"])
def test_frames_that_the_header_does_not_count_are_refused(write_dicom, kind):
    if kind == "RLE":
        path = write_dicom(RAMP, bits=12, syntax=uid.RLELossless, data=encapsulate([rle(RAMP), rle(RAMP)]))
    else:
        path = write(write_dicom, kind, encapsulate([KINDS[kind][2]] * 2))
    with pytest.raises(UnusableImageError, match="2 frames where the header says one"):
        dicom.read_dicom(path)


@pytest.mark.parametrize("frames", [2, 3])
def test_plain_frames_that_the_header_does_not_count_are_refused(write_dicom, frames):
    for pixels, bits in ((RAMP, 12), (SMALL, 8)):
        data = pixels.tobytes() * frames
        with pytest.raises(UnusableImageError, match=f"{len(data)} bytes of pixel data where the header asks for"):
            dicom.read_dicom(write_dicom(pixels, bits=bits, data=data))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "syntax", [uid.JPEGLosslessSV1, uid.JPEGLossless, uid.JPEG2000, uid.HTJ2KLossless, uid.RLELossless]
)
def test_the_stream_chooses_the_codec(write_dicom, kind, syntax):
    check(grey(write(write_dicom, kind, encapsulate([KINDS[kind][2]]), syntax=syntax))[0], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_fragments_in_a_syntax_without_any(write_dicom, kind):
    path = write(write_dicom, kind, encapsulate([KINDS[kind][2]]))
    content = path.read_bytes()
    old = KINDS[kind][0].encode()
    path.write_bytes(content.replace(old, b"1.2.840.10008.1.2.1".ljust(len(old), b"\0")))
    found, remarks = grey(path)
    check(found, kind)
    assert remarks["fragments where the transfer syntax has none"] == 1


def test_lossy_under_a_lossless_name_is_remarked(write_dicom):
    path = write(write_dicom, "JPEG baseline", encapsulate([KINDS["JPEG baseline"][2]]), syntax=uid.JPEGLosslessSV1)
    assert grey(path)[1]["lossy JPEG where the transfer syntax is lossless"] == 1


def with_fill(stream):
    """Put fill bytes before each marker up to the first scan (ISO/IEC 10918-1 B.1.1.2)."""
    found, place = bytearray(stream[:2]), 2
    while True:
        length = struct.unpack(">H", stream[place + 2 : place + 4])[0] + 2
        found += b"\xff\xff" + stream[place : place + length]
        if stream[place + 1] == 0xDA:
            return bytes(found + stream[place + length :])
        place += length


def with_thumbnail(stream):
    """Put an EXIF segment with a picture in colour before everything else."""
    exif = b"Exif\0\0" + jpeg(COLOUR[::4, ::4].copy())
    return stream[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + stream[2:]


@pytest.mark.parametrize("kind", ["JPEG baseline", "JPEG progressive", "JPEG 12 bit", "JPEG lossless"])
@pytest.mark.parametrize("change", [with_fill, with_thumbnail])
def test_segments_that_do_not_matter_are_passed_over(write_dicom, kind, change):
    check(grey(write(write_dicom, kind, encapsulate([change(KINDS[kind][2])])))[0], kind)


class Bits:
    """Bits of a JPEG scan, with a zero after each byte of ones (ISO/IEC 10918-1 F.1.2.3)."""

    def __init__(self):
        self.coded, self.pending = bytearray(), ""

    def put(self, value, length):
        self.pending += f"{value:0{length}b}" if length else ""
        while len(self.pending) >= 8:
            self.coded.append(int(self.pending[:8], 2))
            self.coded += b"\0" if self.coded[-1] == 255 else b""
            self.pending = self.pending[8:]

    def flush(self):
        self.put(255 >> len(self.pending), 8 - len(self.pending)) if self.pending else None


def predicted(rows, y, x, predictor, start):
    """Predict a value (ISO/IEC 10918-1 table H.1); ``start`` is the value before a first line, None elsewhere."""
    left = rows[y][x - 1] if x else None
    if start is not None:
        return start if left is None else left
    up, corner = rows[y - 1][x], rows[y - 1][x - 1]
    if left is None:
        return up
    return (left, up, corner, left + up - corner, left + ((up - corner) >> 1), up + ((left - corner) >> 1),
            (left + up) >> 1)[predictor - 1]  # fmt: skip


def jpeg_lossless(pixels, bits, predictor=1, shift=0, lines=0):
    """Encode JPEG lossless with a code of 5 bits for each size of difference (ISO/IEC 10918-1 H)."""
    rows, scan = (pixels.astype(int) >> shift).tolist(), Bits()
    for y, row in enumerate(rows):
        first = y % lines == 0 if lines else y == 0
        if first and y:
            scan.flush()
            scan.coded += bytes((0xFF, 0xD0 + (y // lines - 1) % 8))
        for x, value in enumerate(row):
            start = 1 << (bits - shift - 1) if first else None
            difference = (value - predicted(rows, y, x, predictor, start) + 32768) % 65536 - 32768
            size = abs(difference).bit_length()
            scan.put(size, 5)
            scan.put(difference if difference > 0 else difference + (1 << size) - 1, size if size < 16 else 0)
    scan.flush()
    frame = struct.pack(">BHHBBBB", bits, *pixels.shape, 1, 1, 0x11, 0)
    codes = bytes([0, 0, 0, 0, 0, 17, *[0] * 11]) + bytes(range(17))
    restart = b"\xff\xdd\0\4" + struct.pack(">H", lines * pixels.shape[1]) if lines else b""
    segments = b"\xff\xc3" + struct.pack(">H", len(frame) + 2) + frame
    segments += b"\xff\xc4" + struct.pack(">H", len(codes) + 2) + codes + restart
    header = b"\xff\xda\0\x08\1\1\0" + bytes((predictor, 0, shift))
    return b"\xff\xd8" + segments + header + bytes(scan.coded) + b"\xff\xd9"


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize(("predictor", "shift", "lines"), [(1, 0, 1), (1, 0, 5), (1, 1, 0), (1, 3, 2), (4, 0, 3),
                                                           (6, 2, 0), (7, 0, 1)])  # fmt: skip
def test_jpeg_lossless_with_restarts_and_point_transforms(write_dicom, bits, predictor, shift, lines):
    pixels = (np.random.default_rng(0).integers(0, 2**bits, (12, 10)) >> shift << shift).astype(
        np.uint8 if bits == 8 else np.uint16
    )
    stream = jpeg_lossless(pixels, bits, predictor, shift, lines)
    syntax = uid.JPEGLosslessSV1 if predictor == 1 else uid.JPEGLossless
    window = {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2**bits}
    path = write_dicom(pixels, bits=bits, syntax=syntax, data=encapsulate([stream]), **window)
    assert np.abs(grey(path)[0] - pixels * 255.0 / (2**bits - 1)).max() < 0.01


def test_restart_intervals_that_are_no_lines_are_left_to_another_codec(monkeypatch):
    def refuse(*_, **__):
        raise imagecodecs.Jpeg8Error("restart interval")

    monkeypatch.setattr(codecs.imagecodecs, "jpeg8_decode", refuse)
    stream = jpeg_lossless(RAMP[:12, :10], 12, 1, 1, 2)
    decoded = codecs.decode_stream(stream, streams.describe(stream), False)
    assert np.array_equal(decoded, RAMP[:12, :10] >> 1 << 1)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("encode", [jpeg, j2k])
def test_colour_streams_under_a_grey_header_are_grey_and_keep_its_polarity(write_dicom, photometric, encode):
    pixels = np.repeat(SMALL[..., None], 3, axis=2)
    syntax = uid.JPEGBaseline8Bit if encode is jpeg else uid.JPEG2000Lossless
    path = write_dicom(SMALL, syntax=syntax, data=encapsulate([encode(pixels)]), PhotometricInterpretation=photometric)
    expected = SMALL if photometric == "MONOCHROME2" else 255 - SMALL
    assert np.abs(grey(path)[0] - expected).max() <= 3


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("kind", ["JPEG baseline", "JPEG 2000", "JPEG-LS"])
def test_grey_streams_under_a_header_of_colour_are_grey(write_dicom, photometric, kind):
    stream = {"JPEG baseline": jpeg, "JPEG 2000": j2k, "JPEG-LS": lambda a: bytes(imagecodecs.jpegls_encode(a))}[kind]
    path = write_dicom(SMALL, syntax=KINDS[kind][0], data=encapsulate([stream(SMALL)]), SamplesPerPixel=3,
                       PlanarConfiguration=0, PhotometricInterpretation=photometric)  # fmt: skip
    assert np.abs(grey(path)[0] - SMALL).max() <= 3


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_RCT", "YBR_ICT", ""])
def test_what_a_transform_in_the_stream_gives_is_red_green_blue(write_dicom, photometric):
    stream = j2k(COLOUR, mct=True)
    assert streams.describe(stream).converts
    path = write_dicom(SMALL, syntax=uid.JPEG2000Lossless, data=encapsulate([stream]), SamplesPerPixel=3,
                       PlanarConfiguration=0, PhotometricInterpretation=photometric)  # fmt: skip
    assert np.abs(grey(path)[0] - COLOUR @ [0.299, 0.587, 0.114]).max() < 0.01


def test_without_a_transform_the_header_says_what_the_components_are(write_dicom):
    stream = j2k(COLOUR, mct=False)
    assert not streams.describe(stream).converts
    for photometric, expected in (("YBR_FULL", COLOUR[..., 0]), ("RGB", COLOUR @ [0.299, 0.587, 0.114])):
        path = write_dicom(SMALL, syntax=uid.JPEG2000Lossless, data=encapsulate([stream]), SamplesPerPixel=3,
                           PlanarConfiguration=0, PhotometricInterpretation=photometric)  # fmt: skip
        assert np.abs(grey(path)[0] - expected).max() < 0.01


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422", "MONOCHROME2"])
def test_a_jpeg_without_a_word_about_its_colours(write_dicom, photometric):
    smooth = np.kron(np.random.default_rng(0).integers(60, 190, (4, 4, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    stream = jpeg(smooth, subsampling=0)
    stream = stream[:2] + stream[4 + struct.unpack(">H", stream[4:6])[0] :]  # without its JFIF segment
    assert streams.describe(stream).converts is None
    path = write_dicom(smooth[..., 0], syntax=uid.JPEGBaseline8Bit, data=encapsulate([stream]), SamplesPerPixel=3,
                       PlanarConfiguration=0, PhotometricInterpretation=photometric)  # fmt: skip
    components = np.asarray(PIL.Image.fromarray(smooth).convert("YCbCr"))
    expected = components @ [0.299, 0.587, 0.114] if photometric == "RGB" else components[..., 0]
    assert np.abs(grey(path)[0] - expected).max() <= 5


def test_lossy_htj2k_does_not_wrap_around(write_dicom):
    pixels = (np.random.default_rng(0).integers(0, 2, (64, 64)) * 255).astype(np.uint8)
    stream = bytes(imagecodecs.htj2k_encode(pixels, reversible=False, level=0.05))
    path = write_dicom(pixels, syntax=uid.HTJ2K, data=encapsulate([stream]))
    assert np.abs(grey(path)[0] - pixels).max() < 100


@pytest.mark.parametrize("pad", [b"\0", b"\x20", b"\x80"])
def test_rle_segments_padded_with_any_byte(write_dicom, pad):
    runs = b"\x03\x01\x02\x03\x04\xfe\x09"
    content = struct.pack("<16I", 1, 64, *[0] * 14) + runs + pad
    pixels = np.array([[1, 2, 3, 4, 9, 9, 9]], np.uint8)
    path = write_dicom(pixels, syntax=uid.RLELossless, data=encapsulate([content]))
    assert np.array_equal(np.round(grey(path)[0]), pixels)


@pytest.mark.parametrize("offsets", [[64, 10**6], [64, 0], [64, 60], [2**32 - 1, 64], [64]])
def test_rle_segments_that_lie_elsewhere_are_rejected(write_dicom, offsets):
    content = struct.pack("<16I", len(offsets), *offsets, *[0] * (15 - len(offsets))) + rle(RAMP)[64:]
    path = write_dicom(RAMP, bits=12, syntax=uid.RLELossless, data=encapsulate([content]), **WINDOW)
    with pytest.raises(UnusableImageError, match="RLE"):
        dicom.read_dicom(path)
