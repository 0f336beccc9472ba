"""DICOM to grey levels, against known pixels."""

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from crossray.dicom import GREY_MAX, UnusableImageError, read_dicom

RAMP = np.arange(0, 4096, dtype=np.uint16).reshape(64, 64)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
EXPECTED = np.round(RAMP / 4095 * GREY_MAX)


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


def test_bits_above_bits_stored_do_not_count(write_dicom):
    path = write_dicom(RAMP | 0x8000, bits=12, **WINDOW)
    close(read_dicom(path), EXPECTED)


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
        ({"PhotometricInterpretation": "RGB"}, "not greyscale: RGB"),
        ({"data": RAMP.tobytes()[:100]}, "truncated pixel data: 100 of 8192"),
        ({"WindowCenter": 1, "WindowWidth": 0}, "window width"),
        ({"WindowCenter": 1, "WindowWidth": 5, "VOILUTFunction": "CUBIC"}, "CUBIC"),
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
