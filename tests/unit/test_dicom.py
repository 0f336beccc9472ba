"""DICOM to grey levels, against known pixels."""

import io
import zlib

import imagecodecs
import numpy as np
import PIL.Image
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from crossray import dicom
from crossray.errors import UnusableImageError
from crossray.grey_levels import GREY_MAX

JPEGXLLossless, DeflatedImageFrame = UID("1.2.840.10008.1.2.4.110"), UID("1.2.840.10008.1.2.8.1")
EncapsulatedUncompressed = UID("1.2.840.10008.1.2.1.98")
RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
EXPECTED = np.round(RAMP / 4095 * GREY_MAX)


def read_dicom(path, **settings):
    return np.asarray(dicom.read_dicom(path, **settings)[0])


def close(actual, expected, tolerance=1):
    assert np.abs(actual.astype(float) - expected).max() <= tolerance


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (ImplicitVRLittleEndian, None),
        (DeflatedExplicitVRLittleEndian, None),
        (JPEGLSLossless, imagecodecs.jpegls_encode),
        (JPEG2000Lossless, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0)),
        (HTJ2KLossless, lambda a: imagecodecs.htj2k_encode(a)),
        (JPEGLosslessSV1, lambda a: imagecodecs.ljpeg_encode(a, bitspersample=12)),
    ],
)
def test_lossless_syntaxes_give_the_same_grey_levels(write_dicom, syntax, encode):
    try:
        data = encapsulate([encode(RAMP)]) if encode else RAMP.tobytes()
    except (NotImplementedError, AttributeError):
        pytest.skip(f"this build has no encoder for {syntax.name}")
    close(read_dicom(write_dicom(RAMP, bits=12, syntax=syntax, data=data, **WINDOW)), EXPECTED)


def test_rle(write_dicom):
    path = write_dicom(RAMP, bits=12, **WINDOW)
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless, encoding_plugin="pydicom")
    dataset.save_as(path)
    close(read_dicom(path), EXPECTED)


def test_big_endian(write_dicom):
    path = write_dicom(RAMP, bits=12, syntax=ExplicitVRBigEndian, data=RAMP.astype(">u2").tobytes(), **WINDOW)
    close(read_dicom(path), EXPECTED)


def test_monochrome1_is_inverted_over_the_fixed_range(write_dicom):
    path = write_dicom(RAMP, bits=12, PhotometricInterpretation="MONOCHROME1", **WINDOW)
    close(read_dicom(path), GREY_MAX - EXPECTED)


def test_signed_values_and_rescale_meet_the_window(write_dicom):
    stored = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    path = write_dicom(stored, bits=12, RescaleSlope=2, RescaleIntercept=4096, WindowCenter=4096, WindowWidth=8191)
    close(read_dicom(path), EXPECTED, tolerance=20)


@pytest.mark.parametrize(
    ("function", "at_center", "at_quarter"), [("LINEAR_EXACT", 0.5, 0.25), ("SIGMOID", 0.5, 1 / (1 + np.exp(1)))]
)
def test_window_functions(write_dicom, function, at_center, at_quarter):
    pixels = np.array([[1000, 1500, 2000, 2500]], np.uint16)
    path = write_dicom(pixels, bits=12, WindowCenter=2000, WindowWidth=2000, VOILUTFunction=function)
    grey = read_dicom(path)[0] / GREY_MAX
    assert grey[2] == pytest.approx(at_center, abs=1e-4)
    assert grey[1] == pytest.approx(at_quarter, abs=1e-4)


def test_first_of_several_windows_counts(write_dicom):
    path = write_dicom(RAMP, bits=12, WindowCenter=[2048, 10], WindowWidth=[4096, 20])
    close(read_dicom(path), EXPECTED)


def test_voi_lut_sequence(write_dicom):
    item = pydicom.Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 16], [int(v) for v in (np.arange(4096) // 2 * 32)]
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "US"
    path = write_dicom(RAMP, bits=12, VOILUTSequence=[item])
    close(read_dicom(path), RAMP // 2 * 32, tolerance=1)


def test_bits_of_an_overlay_do_not_count(write_dicom):
    path = write_dicom(RAMP | 0x8000, bits=12, **WINDOW)
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0102), "US", 15)
    dataset.save_as(path)
    close(read_dicom(path), EXPECTED)


def test_values_that_exceed_bits_stored_do_not_wrap_around(write_dicom):
    bright = RAMP + np.uint16(2048)  # up to 6143, where the header says 12 bits
    grey = read_dicom(write_dicom(bright, bits=12, **WINDOW))
    close(grey, np.clip(bright / 4095, 0, 1) * GREY_MAX)
    assert (np.diff(grey.ravel().astype(int)) >= 0).all()


def test_values_at_the_upper_end_of_their_word_are_shifted(write_dicom):
    close(read_dicom(write_dicom(RAMP << 4, bits=12, HighBit=15, **WINDOW)), EXPECTED)


def test_eight_bits_without_a_window_stay_as_they_are(write_dicom):
    pixels = np.arange(100, 200, dtype=np.uint8).reshape(10, 10)
    close(read_dicom(write_dicom(pixels)), pixels.astype(float) * 257)


def test_without_a_window_deep_pixels_are_stretched_between_percentiles(write_dicom):
    pixels = np.clip(RAMP // 8 + 700, 0, 4095).astype(np.uint16)
    grey = read_dicom(write_dicom(pixels, bits=12))
    assert grey.min() == 0
    assert grey.max() == GREY_MAX
    assert np.median(grey) == pytest.approx(GREY_MAX / 2, rel=0.02)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"NumberOfFrames": 2, "data": RAMP.tobytes() * 2}, "several frames"),
        ({"PhotometricInterpretation": "MY OWN"}, r"photometric interpretation \(0028,0004\) not a defined term"),
        ({"data": RAMP.tobytes()[:100]}, "truncated pixel data: 100 of 8192"),
        ({"WindowCenter": 1, "WindowWidth": 5, "VOILUTFunction": "CUBIC"}, "not a defined term"),
        ({"syntax": MPEG2MPML, "data": encapsulate([b"1234"])}, "transfer syntax not supported: MPEG2"),
        ({"syntax": JPEGLSLossless, "data": encapsulate([b"no such stream!!"])}, "unreadable pixels"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_the_reason(write_dicom, elements, reason):
    with pytest.raises(UnusableImageError, match=reason):
        read_dicom(write_dicom(RAMP, bits=12, **elements))


def test_no_pixels_and_no_dicom(write_dicom, tmp_path):
    path = write_dicom(RAMP, bits=12)
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(UnusableImageError, match="no pixel data"):
        read_dicom(path)
    (tmp_path / "text.dcm").write_text("not an image")
    with pytest.raises(UnusableImageError, match="not a DICOM file"):
        read_dicom(tmp_path / "text.dcm")


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5, 0.95])
def test_a_file_cut_off_anywhere_is_rejected(write_dicom, share):
    path = write_dicom(RAMP, bits=12, **WINDOW)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnusableImageError):
        read_dicom(path)


def colours(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3)).astype(np.uint8)


def luma(pixels):
    return pixels @ [0.299, 0.587, 0.114] / 255 * GREY_MAX


def write_colours(write_dicom, pixels, **elements):
    elements = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0} | elements
    return write_dicom(pixels[..., 0], data=elements.pop("data", pixels.tobytes()), **elements)


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_becomes_its_brightness(write_dicom, planar):
    pixels = colours()
    data = pixels.tobytes() if planar == 0 else np.moveaxis(pixels, -1, 0).tobytes()
    close(read_dicom(write_colours(write_dicom, pixels, PlanarConfiguration=planar, data=data)), luma(pixels))


def test_brightness_and_colour_differences_are_told_by_the_header(write_dicom):
    pixels = colours()
    grey = read_dicom(write_colours(write_dicom, pixels, PhotometricInterpretation="YBR_FULL"))
    close(grey, pixels[..., 0] / 255 * GREY_MAX)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_lossless_colour_is_exact(write_dicom, syntax):
    pixels = colours()
    if syntax == RLELossless:
        path = write_colours(write_dicom, pixels)
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, encoding_plugin="pydicom")
        dataset.save_as(path)
    else:
        encode = imagecodecs.jpegls_encode if syntax == JPEGLSLossless else (
            lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0))  # fmt: skip
        path = write_colours(write_dicom, pixels, syntax=syntax, data=encapsulate([bytes(encode(pixels))]))
    close(read_dicom(path), luma(pixels))


def test_a_colour_stream_that_the_header_calls_grey_is_still_read(write_dicom):
    smooth = np.kron(colours()[:4, :4], np.ones((8, 8, 1), np.uint8))
    stream = encapsulate([imagecodecs.jpeg8_encode(smooth, level=95)])
    grey = read_dicom(write_dicom(smooth[..., 0], syntax=JPEGBaseline8Bit, data=stream))
    assert np.abs(grey - luma(smooth)).mean() < 0.03 * GREY_MAX


def test_no_photometric_interpretation_means_monochrome2(write_dicom):
    close(read_dicom(write_dicom(RAMP, bits=12, PhotometricInterpretation=None, **WINDOW)), EXPECTED)


def test_a_palette_is_looked_up(write_dicom):
    table = np.random.default_rng(0).integers(0, 2**16, (3, 256)).astype("<u2")
    names = ("Red", "Green", "Blue")
    palette = {f"{name}PaletteColorLookupTableDescriptor": [256, 0, 16] for name in names}
    palette |= {f"{name}PaletteColorLookupTableData": row.tobytes() for name, row in zip(names, table, strict=True)}
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    grey = read_dicom(write_dicom(pixels, PhotometricInterpretation="PALETTE COLOR", **palette))
    close(grey, ([0.299, 0.587, 0.114] @ table.astype(float)).reshape(16, 16))
    with pytest.raises(UnusableImageError, match="without a palette"):
        read_dicom(write_dicom(pixels, PhotometricInterpretation="PALETTE COLOR"))


@pytest.mark.parametrize("signed", [False, True])
def test_32_bits(write_dicom, signed):
    values = (RAMP.astype(np.int64) * 1_000_003 - (2**31 if signed else 0)).clip(-(2**31), None)
    pixels = values.astype(np.int32 if signed else np.uint32)
    middle, width = float(values.min() + values.max() + 1) / 2, float(np.ptp(values) + 1)
    path = write_dicom(
        pixels, WindowCenter=f"{middle:.10g}", WindowWidth=f"{width:.10g}", RescaleSlope=1, RescaleIntercept=0
    )
    close(read_dicom(path), RAMP / 4095 * GREY_MAX, tolerance=3)


def test_one_bit(write_dicom):
    pixels = np.random.default_rng(0).integers(0, 2, (16, 16)).astype(np.uint8)
    data = np.packbits(pixels, bitorder="little").tobytes()
    path = write_dicom(pixels, data=data, BitsAllocated=1, BitsStored=1, HighBit=0)
    close(read_dicom(path), pixels * float(GREY_MAX))


def test_float_pixels(write_dicom):
    pixels = np.linspace(-5, 5, 4096, dtype=np.float32).reshape(64, 64)
    path = write_dicom(RAMP, WindowCenter=0, WindowWidth=10, VOILUTFunction="LINEAR_EXACT")
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    del dataset.PixelRepresentation
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = pixels.tobytes()
    dataset.save_as(path)
    close(read_dicom(path), (pixels / 10 + 0.5) * GREY_MAX)


def test_a_modality_table_is_looked_up(write_dicom):
    item = pydicom.Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 16], [int(v) for v in np.arange(4096)[::-1] * 16]
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "US"
    elements = {"WindowCenter": 32768, "WindowWidth": 65536, "ModalityLUTSequence": [item]}
    close(read_dicom(write_dicom(RAMP, bits=12, **elements)), (4095 - RAMP) * 16.0 / 65535 * GREY_MAX)


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [("MONOCHROME1", "INVERSE", True), ("MONOCHROME1", "IDENTITY", True), ("MONOCHROME2", "IDENTITY", False),
     ("MONOCHROME2", "INVERSE", True)],
)  # fmt: skip
def test_nothing_is_inverted_twice(write_dicom, photometric, shape, inverted):
    path = write_dicom(RAMP, bits=12, PhotometricInterpretation=photometric, PresentationLUTShape=shape, **WINDOW)
    close(read_dicom(path), GREY_MAX - EXPECTED if inverted else EXPECTED)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_count(write_dicom, photometric):
    pixels = np.clip(RAMP // 8 + 700, 0, 4095).astype(np.uint16)
    plain = read_dicom(write_dicom(pixels, bits=12, PhotometricInterpretation=photometric))
    pixels[:8], pixels[8:16] = 4000, 4095
    elements = {"PixelPaddingValue": 4000, "PixelPaddingRangeLimit": 4095, "PhotometricInterpretation": photometric}
    path = write_dicom(pixels, bits=12)
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset["PixelPaddingValue"].VR = dataset["PixelPaddingRangeLimit"].VR = "US"
    dataset.save_as(path)
    grey = read_dicom(path)
    assert (grey[:16] == 0).all()
    assert np.abs(grey[16:].astype(float) - plain[16:]).mean() < 0.15 * GREY_MAX
    assert np.ptp(grey[16:]) > 0.98 * GREY_MAX  # the window is that of the body, not of the padding


def test_signed_padding_written_unsigned_is_understood(write_dicom):
    pixels = np.full((8, 8), 100, np.int16)
    pixels[0] = -2000
    path = write_dicom(pixels, WindowCenter=100, WindowWidth=200)
    dataset = pydicom.dcmread(path)
    dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.save_as(path)
    assert (read_dicom(path)[0] == 0).all()


@pytest.mark.parametrize(
    ("elements", "aspect"),
    [({"PixelAspectRatio": [2, 1]}, 2), ({"PixelSpacing": [0.2, 0.1]}, 2), ({"ImagerPixelSpacing": [0.1, 0.2]}, 0.5),
     ({"NominalScannedPixelSpacing": [0.2, 0.1]}, 2), ({"PixelSpacing": [0, 0.1]}, 1), ({}, 1)],
)  # fmt: skip
def test_the_shape_of_a_pixel(write_dicom, elements, aspect):
    assert dicom.read_dicom(write_dicom(RAMP, bits=12, **elements))[1] == aspect


def grouped(rescale=(1, 0), window=(2048, 4096), spacing=(0.1, 0.1)):
    """Return the functional groups of a frame."""
    group, items = pydicom.Dataset(), [pydicom.Dataset() for _ in range(3)]
    items[0].RescaleSlope, items[0].RescaleIntercept = rescale
    items[1].WindowCenter, items[1].WindowWidth = window
    items[2].PixelSpacing = list(spacing)
    group.PixelValueTransformationSequence, group.FrameVOILUTSequence, group.PixelMeasuresSequence = (
        [item] for item in items
    )
    return [group]


@pytest.mark.parametrize("place", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_an_enhanced_header_says_it_in_functional_groups(write_dicom, place):
    groups = grouped(rescale=(2, -100), window=(1000, 500), spacing=(0.2, 0.1))
    path = write_dicom(RAMP, bits=12, NumberOfFrames=1, **{place: groups})
    close(read_dicom(path), np.clip((2.0 * RAMP - 100 - 999.5) / 499 + 0.5, 0, 1) * GREY_MAX)
    assert dicom.read_dicom(path)[1] == dicom.read_dicom_shape(path)[2] == 2


def test_what_stands_at_the_top_of_a_header_counts_before_its_groups(write_dicom):
    groups = grouped(window=(1000, 500), spacing=(0.2, 0.1))
    path = write_dicom(RAMP, bits=12, SharedFunctionalGroupsSequence=groups, PixelSpacing=[0.1, 0.1], **WINDOW)
    close(read_dicom(path), EXPECTED)
    assert dicom.read_dicom(path)[1] == 1


@pytest.mark.parametrize("groups", [[], [pydicom.Dataset()], grouped(window=(None, None), rescale=(None, None))])
def test_groups_that_say_nothing(write_dicom, groups):
    path = write_dicom(RAMP, bits=12, SharedFunctionalGroupsSequence=groups)
    close(read_dicom(path), read_dicom(write_dicom(RAMP, "other.dcm", bits=12)), 0)


def test_burnt_in_annotations(write_dicom):
    path = write_dicom(RAMP, bits=12, BurnedInAnnotation="YES", **WINDOW)
    with pytest.raises(UnusableImageError, match="burnt-in annotation"):
        read_dicom(path)
    close(read_dicom(path, burnt_in="keep"), EXPECTED)
    blacked = read_dicom(path, burnt_in="black_out", areas=[[0.5, 0, 1, 0.25]])
    assert (blacked[:16, 32:] == 0).all()
    close(blacked[16:], EXPECTED[16:])
    close(blacked[:16, :32], EXPECTED[:16, :32])
    clean = write_dicom(RAMP, bits=12, BurnedInAnnotation="NO", **WINDOW)
    close(read_dicom(clean, burnt_in="black_out", areas=[[0, 0, 1, 1]]), EXPECTED)


def test_a_frame_in_several_fragments(write_dicom):
    coded = bytes(imagecodecs.jpegls_encode(RAMP))
    path = write_dicom(RAMP, bits=12, syntax=JPEGLSLossless, data=encapsulate([coded], fragments_per_frame=4), **WINDOW)
    close(read_dicom(path), EXPECTED)


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize(
    ("syntax", "encode"),
    [(JPEGLSLossless, imagecodecs.jpegls_encode), (HTJ2KLossless, imagecodecs.htj2k_encode),
     (JPEG2000Lossless, lambda a: imagecodecs.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0)),
     (JPEGXLLossless, lambda a: imagecodecs.jpegxl_encode(a, lossless=True)),
     (DeflatedImageFrame, lambda a: zlib.compress(a.tobytes(), wbits=-15)),
     (EncapsulatedUncompressed, lambda a: a.tobytes())],
)  # fmt: skip
def test_signed_values_in_every_lossless_syntax_with_an_encoder(write_dicom, syntax, encode, bits):
    stored = np.arange(-2048, 2048, dtype=np.int64).reshape(64, 64) * (1 if bits == 12 else 16)
    pixels = (stored & (2**bits - 1)).astype(np.uint16)
    path = write_dicom(pixels, bits=bits, PixelRepresentation=1, syntax=syntax,
                       data=encapsulate([bytes(encode(pixels))]),
                       WindowCenter=0, WindowWidth=2**bits, VOILUTFunction="LINEAR_EXACT")  # fmt: skip
    close(read_dicom(path), (stored / 2**bits + 0.5) * GREY_MAX)


def test_progressive_and_12_bit_jpeg(write_dicom):
    smooth = np.kron(np.random.default_rng(0).integers(0, 256, (4, 4)), np.ones((16, 16))).astype(np.uint8)
    for syntax in ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.55"):
        stream = io.BytesIO()
        PIL.Image.fromarray(smooth).save(stream, "JPEG", quality=95, progressive=syntax.endswith("55"))
        path = write_dicom(smooth, syntax=pydicom.uid.UID(syntax), data=encapsulate([stream.getvalue()]))
        assert np.abs(read_dicom(path) / 257 - smooth).mean() < 2
    deep = smooth.astype(np.uint16) * 16
    stream = bytes(imagecodecs.jpeg_encode(deep, level=98, bitspersample=12))
    path = write_dicom(deep, bits=12, syntax=pydicom.uid.JPEGExtended12Bit, data=encapsulate([stream]), **WINDOW)
    assert np.abs(read_dicom(path) / 65535 * 4095 - deep).mean() < 30


def test_no_preamble_and_no_meta_information(write_dicom, tmp_path):
    path = write_dicom(RAMP, bits=12, syntax=ImplicitVRLittleEndian, **WINDOW)
    dataset = pydicom.dcmread(path)
    bare = tmp_path / "bare.dcm"
    pydicom.dcmwrite(bare, pydicom.Dataset(dataset), implicit_vr=True, little_endian=True, enforce_file_format=False)
    assert bare.read_bytes()[128:132] != b"DICM"
    close(read_dicom(bare), EXPECTED)


@pytest.mark.parametrize("named", [ExplicitVRLittleEndian, JPEGBaseline8Bit])
def test_elements_without_vr_in_a_file_that_says_they_have_one(write_dicom, named):
    path = write_dicom(RAMP, bits=12, syntax=ImplicitVRLittleEndian, **WINDOW)
    content, place = path.read_bytes(), 140
    old, new = (f"{syntax}\0"[: len(syntax) + len(syntax) % 2].encode() for syntax in (ImplicitVRLittleEndian, named))
    length = int.from_bytes(content[place : place + 4], "little") + len(new) - len(old)
    content = content[:place] + length.to_bytes(4, "little") + content[place + 4 :]
    old, new = (len(uid).to_bytes(2, "little") + uid for uid in (old, new))
    path.write_bytes(content.replace(b"UI" + old, b"UI" + new, 1))
    close(read_dicom(path), EXPECTED)


def test_whatever_bytes_come_in_only_one_kind_of_error_goes_out(write_dicom, tmp_path):
    generator = np.random.default_rng(0)
    sources = [
        write_dicom(RAMP, "plain.dcm", bits=12, **WINDOW),
        write_dicom(RAMP, "jls.dcm", bits=12, syntax=JPEGLSLossless,
                    data=encapsulate([imagecodecs.jpegls_encode(RAMP)])),
        write_dicom(RAMP, "j2k.dcm", bits=12, syntax=JPEG2000Lossless,
                    data=encapsulate([imagecodecs.jpeg2k_encode(RAMP, codecformat="j2k", reversible=True, level=0)])),
    ]  # fmt: skip
    broken = tmp_path / "broken.dcm"
    reasons = []
    for turn in range(300):
        content = bytearray(sources[turn % len(sources)].read_bytes())
        for place in generator.integers(132, min(len(content), 900 if turn % 2 else len(content)), 6):
            content[place] = generator.integers(0, 256)
        broken.write_bytes(content[: generator.integers(200, len(content))] if turn % 5 == 0 else content)
        try:
            read_dicom(broken)
        except UnusableImageError as reason:
            reasons.append(str(reason))
    assert 50 < len(reasons) < 300
    assert max(map(len, reasons)) < 120
