"""What a header makes of stored values: tables, windows, polarity and bits, with the right levels by hand."""

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.datadict import dictionary_VR

from crossray import dicom
from crossray.errors import UnusableImageError
from crossray.remarks import counted
from presentation import curve, table

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
SIGNED = (RAMP.astype(np.int32) - 2048).astype(np.int16)
SMALL = np.arange(256, dtype=np.uint8).reshape(16, 16)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}


def grey(path):
    with counted() as remarks:
        found = np.asarray(dicom.read_dicom(path)[0]) / 257
    return found, remarks


def same(path, expected, tolerance=0.02):
    found, remarks = grey(path)
    assert np.abs(found - expected).max() <= tolerance
    return remarks


def edited(path, change):
    dataset = pydicom.dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


LEVELS = curve(4096, 8)


@pytest.mark.parametrize("form", ["US", "OW", "packed"])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_entries_of_8_bits_in_every_form(write_dicom, form, syntax):
    item = table(0, 8, LEVELS, form, packed=form == "packed")
    same(write_dicom(RAMP, bits=12, syntax=syntax, VOILUTSequence=[item]), LEVELS.reshape(64, 64))


@pytest.mark.parametrize("count", [255, 256])
@pytest.mark.parametrize("vr", ["OW", "OB"])
def test_packed_entries_in_words_of_big_endian_files(write_dicom, count, vr):
    words = np.append(curve(count, 8), [0] * (count % 2)).astype(np.uint8).view("<u2")
    item = table(0, 8, curve(count, 8), packed=True)
    item.add_new("LUTData", vr, words.astype(">u2" if vr == "OW" else "<u2").tobytes())
    path = write_dicom(SMALL, syntax=uid.ExplicitVRBigEndian, data=SMALL.view("<u2").astype(">u2").tobytes(),
                       VOILUTSequence=[item])  # fmt: skip
    expected = np.append(curve(count, 8), [255] * (256 - count)).reshape(16, 16)
    same(path, expected)


@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("declared", [0, 16])
def test_entries_of_any_width_use_the_whole_range(write_dicom, bits, declared):
    item = table(0, declared or bits, curve(4096, bits))
    remarks = same(write_dicom(RAMP, bits=12, VOILUTSequence=[item]),
                   curve(4096, bits).reshape(64, 64) * 255 / (2**bits - 1))  # fmt: skip
    assert any("entries of a look-up table" in text for text in remarks) == (declared == 16 and bits < 16)


@pytest.mark.parametrize(("vr", "first"), [("SS", -2048), ("US", 65536 - 2048)])
@pytest.mark.parametrize(("pixels", "rescale"), [
    (SIGNED, {}), (RAMP, {"RescaleSlope": 1, "RescaleIntercept": -2048}),
    (SIGNED, {"RescaleSlope": 1, "RescaleIntercept": 0}),
])  # fmt: skip
def test_the_first_input_has_the_sign_of_the_inputs(write_dicom, vr, first, pixels, rescale):
    item = table(first, 12, curve(4096, 12), first_vr=vr)
    path = write_dicom(pixels, bits=12, VOILUTSequence=[item], **rescale)
    same(path, curve(4096, 12).reshape(64, 64) * 255 / 4095)


def test_a_first_input_beyond_32767_is_unsigned_where_inputs_are(write_dicom):
    pixels = (RAMP + 60000).astype(np.uint16)
    item = table(60000, 12, curve(4096, 12))
    same(write_dicom(pixels, VOILUTSequence=[item]), curve(4096, 12).reshape(64, 64) * 255 / 4095)


def test_inputs_outside_of_a_table_get_its_ends(write_dicom):
    item = table(1000, 8, curve(1000, 8) // 2 + 128)
    remarks = same(write_dicom(RAMP, bits=12, VOILUTSequence=[item]),
                   (curve(1000, 8) // 2 + 128)[np.clip(RAMP.astype(int) - 1000, 0, 999)])  # fmt: skip
    assert not remarks


def test_inputs_above_65535_do_not_wrap_around(write_dicom):
    item = table(0, 16, curve(65536, 16), "OW")
    path = write_dicom(RAMP, bits=12, RescaleSlope=20, RescaleIntercept=0, VOILUTSequence=[item])
    same(path, curve(65536, 16)[np.minimum(RAMP.astype(int) * 20, 65535)] / 257)


@pytest.mark.parametrize("keyword", ["VOILUTSequence", "ModalityLUTSequence"])
@pytest.mark.parametrize("item", [pydicom.Dataset(), table(0, 12, curve(4096, 12)[:100])])
def test_tables_without_their_entries_count_as_missing(write_dicom, keyword, item):
    if "LUTDescriptor" in item:
        item.LUTDescriptor = [4096, 0, 12]
    same(write_dicom(RAMP, bits=12, **{keyword: [item]}, **WINDOW), RAMP / 4095 * 255)


@pytest.mark.parametrize("keywords", [
    ("RescaleSlope", "RescaleIntercept"), ("HighBit",), ("PixelSpacing", "PixelAspectRatio"), ("VOILUTFunction",),
    ("PixelPaddingValue", "PixelPaddingRangeLimit"), ("PresentationLUTShape",), ("PhotometricInterpretation",),
    ("SamplesPerPixel", "PlanarConfiguration"), ("NumberOfFrames",), ("VOILUTSequence", "ModalityLUTSequence"),
    ("PixelRepresentation",), ("BurnedInAnnotation",),
])  # fmt: skip
def test_what_is_present_but_empty_is_missing(write_dicom, keywords):
    path = write_dicom(RAMP, bits=12, **WINDOW)
    edited(path, lambda dataset: [dataset.add_new(name, dictionary_VR(name).split(" ")[0], None) for name in keywords])
    same(path, RAMP / 4095 * 255)


@pytest.mark.parametrize("spacing", [["", ""], ["", "0.1"], ["0.1"], ["0.1", "x"], ["nan", "1"], ["-1", "1"]])
def test_partial_spacing_is_no_spacing(write_dicom, spacing):
    path = write_dicom(RAMP, bits=12, **WINDOW)
    dataset = pydicom.dcmread(path)
    dataset.add(pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag("PixelSpacing"), "DS", 0, "\\".join(spacing).encode(), 0, False, True))  # fmt: skip
    dataset.save_as(path)
    assert dicom.read_dicom(path)[1] == 1.0
    assert dicom.read_dicom_shape(path) == (64, 64, 1.0)


@pytest.mark.parametrize(("center", "width"), [
    ([0, 2048], [0, 4096]), ([5, 2048], [-3, 4096]), ([5, 2048], [0.5, 4096]), (["", 2048], ["", 4096]),
    ([2048, 5], [4096, 0]),
])  # fmt: skip
def test_windows_that_are_none_are_passed_over(write_dicom, center, width):
    same(write_dicom(RAMP, bits=12, WindowCenter=center, WindowWidth=width), RAMP / 4095 * 255)


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_without_a_usable_window_there_is_none(write_dicom, width):
    path = write_dicom(RAMP, bits=12, WindowCenter=5, WindowWidth=width)
    plain = write_dicom(RAMP, "plain.dcm", bits=12)
    remarks = same(path, grey(plain)[0])
    assert remarks["no usable window (0028,1050 and 1051), as if there were none"] == 1


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [6, 8])
@pytest.mark.parametrize("slope", [-1, -2.5, 1, 3])
def test_few_bits_without_a_window_keep_the_polarity_of_the_rescale(write_dicom, signed, bits, slope):
    pixels = np.arange(2**bits).reshape(8, -1) - (2 ** (bits - 1) if signed else 0)
    path = write_dicom(pixels.astype(np.int8 if signed else np.uint8), bits=bits, RescaleSlope=slope,
                       RescaleIntercept=17)  # fmt: skip
    rising = np.arange(2**bits).reshape(8, -1) * 255 / (2**bits - 1)
    same(path, rising if slope > 0 else 255 - rising)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_few_bits_without_a_window_keep_the_polarity_of_a_table(write_dicom, bits):
    entries = curve(256, bits)[::-1]
    path = write_dicom(SMALL, ModalityLUTSequence=[table(0, bits, entries)])
    same(path, entries.reshape(16, 16) * 255 / (2**bits - 1))


@pytest.mark.parametrize("window", [WINDOW, {}])
def test_a_rescale_slope_of_0_is_no_rescale(write_dicom, window):
    path = write_dicom(RAMP, bits=12, RescaleSlope=0, RescaleIntercept=12, **window)
    same(path, grey(write_dicom(RAMP, "plain.dcm", bits=12, **window))[0])


def letters(pixels, bit):
    """Set a bit where a name might have been written."""
    found = pixels.copy()
    found[20:30:2, 10:50:3] |= 1 << bit
    return found


@pytest.mark.parametrize("bit", [12, 13, 15])
@pytest.mark.parametrize("pixels", [RAMP, RAMP[::-1], np.full((64, 64), 3000, np.uint16) + RAMP // 64])
def test_an_overlay_left_in_unused_bits_does_not_show(write_dicom, bit, pixels):
    expected = grey(write_dicom(pixels, "plain.dcm", bits=12, **WINDOW))[0]
    remarks = same(write_dicom(letters(pixels, bit), bits=12, **WINDOW), expected)
    assert remarks["bits above Bits Stored (0028,0101) dropped"] == 1


@pytest.mark.parametrize("junk", [0xF000, 0x1000, "random"])
def test_rubbish_above_the_stored_bits_does_not_count(write_dicom, junk):
    above = np.random.default_rng(0).integers(0, 16, RAMP.shape) << 12 if junk == "random" else junk
    same(write_dicom(RAMP | np.asarray(above, np.uint16), bits=12, **WINDOW), RAMP / 4095 * 255)


@pytest.mark.parametrize("signed", [False, True])
def test_smooth_values_above_the_stored_bits_are_believed(write_dicom, signed):
    pixels = SIGNED * 2 if signed else RAMP * 2
    path = write_dicom(pixels, bits=12, WindowCenter=0 if signed else 4096, WindowWidth=8192)
    remarks = same(path, RAMP / 4095 * 255, tolerance=0.1)
    assert remarks["values exceed Bits Stored (0028,0101) smoothly: believed, the header is wrong"] == 1


def test_padding_beyond_the_stored_bits_stays_padding(write_dicom):
    pixels = RAMP.copy()
    pixels[:8] = 65535
    path = edited(write_dicom(pixels, bits=12, **WINDOW),
                  lambda dataset: dataset.add_new("PixelPaddingValue", "US", 65535))  # fmt: skip
    expected = RAMP / 4095 * 255
    expected[:8] = 0
    same(path, expected)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("first", [0, 10])
def test_palettes_in_both_orders_of_bytes(write_dicom, syntax, bits, first):
    entries = np.stack([curve(200, bits), curve(200, bits)[::-1], curve(200, bits) // 3])
    elements = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, row in zip(("Red", "Green", "Blue"), entries, strict=True):
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = [200, first, bits]
        elements[f"{colour}PaletteColorLookupTableData"] = row.astype(
            "<u2" if syntax == uid.ExplicitVRLittleEndian else ">u2").tobytes()  # fmt: skip
    data = SMALL.tobytes() if syntax == uid.ExplicitVRLittleEndian else SMALL.view("<u2").astype(">u2").tobytes()
    path = write_dicom(SMALL, syntax=syntax, data=data, **elements)
    place = np.clip(SMALL.astype(int) - first, 0, 199)
    same(path, ([0.299, 0.587, 0.114] @ entries)[place] * 255 / (2**bits - 1))


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_segmented_palette_is_written_out(write_dicom, order):
    segments = np.array([0, 2, 0, 1000, 1, 254, 64500], f"{order}u2").tobytes()  # two entries, then a line
    entries = np.concatenate([[0, 1000], np.round(np.linspace(1000, 64500, 255)[1:])])
    elements = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        elements[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        elements[f"Segmented{colour}PaletteColorLookupTableData"] = segments
    syntax = uid.ExplicitVRLittleEndian if order == "<" else uid.ExplicitVRBigEndian
    data = SMALL.tobytes() if order == "<" else SMALL.view("<u2").astype(">u2").tobytes()
    same(write_dicom(SMALL, syntax=syntax, data=data, **elements), entries[SMALL] / 257)


def test_floats_without_a_window_are_stretched_past_what_is_no_number(write_dicom):
    pixels = np.linspace(-5, 5, 4096, dtype=np.float32).reshape(64, 64)
    pixels[0, :3] = np.nan, np.inf, -np.inf

    def as_floats(dataset):
        del dataset.PixelData
        dataset.BitsAllocated, dataset.FloatPixelData = 32, pixels.tobytes()

    path = edited(write_dicom(RAMP), as_floats)
    found = grey(path)[0]
    assert found[32].mean() == pytest.approx(129, abs=2)
    assert (found[0, 0], found[0, 2], found[63, 63]) == (0, 0, 255)


def test_a_length_that_reads_like_letters_is_a_length(write_dicom):
    pixels = np.resize(SMALL, (2, 0x4142 // 2))
    path = write_dicom(pixels, syntax=uid.ImplicitVRLittleEndian)
    assert b"\xe0\x7f\x10\0BA\0\0" in path.read_bytes()
    same(path, pixels)
    path = write_dicom(RAMP, bits=12, **WINDOW)
    path.write_bytes(path.read_bytes().replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0UL"))
    with pytest.raises(UnusableImageError, match="no pixel data"):
        dicom.read_dicom(path)


def test_partial_range_brightness_is_from_16_to_235(write_dicom):
    pixels = np.repeat(np.array([[16, 125, 235, 250]], np.uint8)[..., None], 3, axis=2)
    pairs = b"".join(bytes((a, b, 128, 128)) for a, b in ((16, 125), (235, 250)))
    path = write_dicom(pixels[..., 0], data=pairs, SamplesPerPixel=3, PlanarConfiguration=0,
                       PhotometricInterpretation="YBR_PARTIAL_422")  # fmt: skip
    same(path, [[0, 109 * 255 / 219, 255, 255]])


@pytest.mark.parametrize("missing", [("SamplesPerPixel",), ("PixelRepresentation",), ("HighBit", "BitsStored"),
                                     ("PlanarConfiguration",), ("PixelRepresentation", "SamplesPerPixel")])  # fmt: skip
@pytest.mark.parametrize("colour", [False, True])
def test_what_follows_from_the_rest_may_be_missing(write_dicom, missing, colour):
    pixels = np.stack([SMALL, SMALL[::-1], SMALL.T], axis=-1) if colour else SMALL
    elements = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB"} if colour else {}
    path = write_dicom(SMALL, data=pixels.tobytes(), **elements)
    edited(path, lambda dataset: [delattr(dataset, name) for name in missing if name in dataset])
    same(path, pixels @ [0.299, 0.587, 0.114] if colour else pixels)


@pytest.mark.parametrize("change", [
    lambda dataset: setattr(dataset, "SamplesPerPixel", 4),
    lambda dataset: setattr(dataset, "BitsAllocated", 12),
    lambda dataset: setattr(dataset, "BitsAllocated", 8),
    lambda dataset: setattr(dataset, "BitsStored", 20),
    lambda dataset: delattr(dataset, "BitsAllocated"),
    lambda dataset: setattr(dataset, "Rows", 0),
    lambda dataset: setattr(dataset, "Columns", 65535),
    lambda dataset: setattr(dataset, "PixelData", 3 * dataset.PixelData),
])  # fmt: skip
def test_what_would_have_to_be_guessed_is_rejected_in_plain_words(write_dicom, change):
    path = edited(write_dicom(RAMP, bits=12, **WINDOW), change)
    with pytest.raises(UnusableImageError) as reason:
        dicom.read_dicom(path)
    assert "Error" not in str(reason.value)
