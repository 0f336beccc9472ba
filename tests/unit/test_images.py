"""Files of any kind to square 8-bit pixels."""

import logging

import imagecodecs
import numpy as np
import pandas as pd
import PIL.Image
import pytest

from crossray.datasets.conversion import convert
from crossray.errors import UnusableImageError
from crossray.images import blankness, centre_square, load_square, preprocessing, read_shape
from crossray.study.stages.convert_shard import ConvertShard


def test_area_resize_equals_block_means(write_dicom):
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    means = pixels.reshape(32, 4, 32, 4).mean((1, 3))
    assert np.abs(load_square(write_dicom(pixels), 32) - means).max() <= 0.51


def test_the_centre_is_kept_and_the_aspect_ratio_stays():
    wide = np.zeros((10, 30))
    wide[:, 10:20] = 1
    assert centre_square(wide).shape == (10, 10)
    assert centre_square(wide).all()


def test_small_images_are_enlarged(write_dicom):
    assert load_square(write_dicom(np.full((8, 8), 200, np.uint8)), 32).shape == (32, 32)


@pytest.mark.parametrize("name", ["image.png", "image.jpg"])
def test_png_and_jpeg_as_they_are(tmp_path, name):
    PIL.Image.fromarray(np.full((64, 64), 90, np.uint8)).save(tmp_path / name)
    assert np.abs(load_square(tmp_path / name, 32).astype(int) - 90).max() <= 1


def test_sixteen_bit_png_is_stretched(tmp_path):
    ramp = np.linspace(1000, 3000, 64 * 64).reshape(64, 64).astype(np.uint16)
    PIL.Image.fromarray(ramp).save(tmp_path / "deep.png")
    grey = load_square(tmp_path / "deep.png", 64)
    assert grey.min() == 0
    assert grey.max() == 255


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [("a.dcm", None, "not found"), ("a.dcm", b"", "empty file"), ("a.png", b"no image", "unreadable image"),
     ("a.dcm", b"no image", "not a DICOM file")],
)  # fmt: skip
def test_unusable_files(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableImageError, match=reason):
        load_square(tmp_path / name, 32)


def test_the_whole_image_is_kept_on_black_if_asked(write_dicom):
    wide = np.full((20, 40), 200, np.uint8)
    square = load_square(write_dicom(wide), 40, fit="pad")
    assert square.shape == (40, 40)
    assert (square[10:30] == 200).all()
    assert (square[:10] == 0).all()
    assert (square[30:] == 0).all()


def test_pixels_that_are_not_square_become_so(write_dicom):
    # A body of 40 x 40 mm, sampled every 2 mm down and every 1 mm across: a disc must stay a disc.
    down, across = np.mgrid[1:40:2, 0.5:40]
    disc = (((down - 20) ** 2 + (across - 20) ** 2) < 15**2).astype(np.uint8) * 255
    assert disc.shape == (20, 40)
    square = load_square(write_dicom(disc, PixelSpacing=[2, 1]), 40).astype(float)
    assert abs(square.sum(axis=0)[20] - square.sum(axis=1)[20]) < 0.1 * square.sum(axis=0)[20]
    padded = load_square(write_dicom(disc[:10], PixelSpacing=[2, 1]), 40, fit="pad")
    assert (padded[:9] == 0).all()
    assert padded[20].max() == 255


def test_a_strip_is_no_radiograph(write_dicom):
    with pytest.raises(UnusableImageError, match="a strip of 10 x 100 pixels"):
        load_square(write_dicom(np.zeros((10, 100), np.uint8)), 32)


def test_pictures_with_colour_palette_transparency_and_orientation(tmp_path):
    grey = np.full((40, 40), 120, np.uint8)
    grey[:10] = 250
    picture = PIL.Image.fromarray(grey)
    for name, kept in (
        ("rgb.png", picture.convert("RGB")),
        ("rgba.png", picture.convert("RGBA")),
        ("p.png", picture.convert("P")),
        ("la.png", picture.convert("LA")),
    ):
        kept.save(tmp_path / name)
        assert np.abs(load_square(tmp_path / name, 40).astype(int) - grey).max() <= 2, name
    exif = PIL.Image.Exif()
    exif[0x0112] = 3  # turned by 180 degrees
    picture.save(tmp_path / "turned.jpg", quality=95, exif=exif)
    assert np.abs(load_square(tmp_path / "turned.jpg", 40).astype(int) - grey[::-1]).mean() < 5


@pytest.mark.parametrize("channels", [2, 3, 4])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_pictures_with_colour_or_transparency_keep_their_low_bits(tmp_path, channels, bits):
    ramp = np.round(np.linspace(0, 2**bits - 1, 64 * 64)).reshape(64, 64).astype(np.uint16)
    pixels = np.repeat(ramp[..., None], channels, axis=2)
    if channels != 3:
        pixels[..., -1] = 65535
    (tmp_path / "deep.png").write_bytes(imagecodecs.png_encode(pixels))
    PIL.Image.fromarray(ramp).save(tmp_path / "grey.png")
    grey = load_square(tmp_path / "grey.png", 64)
    assert len(np.unique(grey)) > 200
    assert np.abs(load_square(tmp_path / "deep.png", 64).astype(int) - grey).max() <= 1
    assert np.abs(load_square(tmp_path / "deep.png", 64, colour="rgb").astype(int) - grey[..., None]).max() <= 1
    (tmp_path / "deep.png").write_bytes((tmp_path / "deep.png").read_bytes()[:-60])
    with pytest.raises(UnusableImageError):
        load_square(tmp_path / "deep.png", 64)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pictures_are_turned_as_others_are(tmp_path, orientation):
    pixels = np.arange(24 * 16, dtype=np.uint8).reshape(24, 16)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(pixels).convert("RGB").save(tmp_path / "plain.png", exif=exif)
    chunk = (tmp_path / "plain.png").read_bytes()
    start = chunk.find(b"eXIf") - 4
    length = int.from_bytes(chunk[start : start + 4], "big") + 12
    deep = bytes(imagecodecs.png_encode(np.repeat(pixels[..., None] * np.uint16(257), 3, axis=2)))
    (tmp_path / "deep.png").write_bytes(deep[:33] + chunk[start : start + length] + deep[33:])
    assert read_shape(tmp_path / "deep.png") == read_shape(tmp_path / "plain.png")
    plain, found = (load_square(tmp_path / name, 16).astype(int) for name in ("plain.png", "deep.png"))
    assert np.abs(plain - found).max() <= 4  # the deep one is stretched between its percentiles


FLAT = {"black": 3, "white": 252, "constant": 120}


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("write", ["dicom", "png"])
def test_a_picture_on_which_nothing_is_seen_is_named(write_dicom, tmp_path, caplog, name, write):
    pixels = np.full((200, 200), FLAT[name], np.uint8) + np.random.default_rng(0).integers(0, 3, (200, 200), np.uint8)
    pixels[:10, :10] = 255 if name != "white" else 0  # a marker of the side does not make it a radiograph
    path = tmp_path / "flat.png"
    if write == "dicom":
        path = write_dicom(pixels)
    else:
        PIL.Image.fromarray(pixels).save(path)
    words = f"a picture that is nearly {name}: 96% of its pixels lie within 25 of 255 grey levels"
    with pytest.raises(UnusableImageError, match=words):
        load_square(path, 32, blank="reject")
    assert load_square(path, 32).shape == (32, 32)
    assert words in caplog.text


def test_a_dim_picture_and_one_within_black_borders_are_none_of_those():
    ramp = np.linspace(0, 30 / 255 * 65535, 4096).reshape(64, 64).astype(np.uint16)
    assert blankness(ramp) is None
    small = np.zeros((256, 256), np.uint16)
    small[100:160, 100:160] = 40000
    assert blankness(small) is None


def test_a_table_of_few_levels_or_a_wide_window_does_not_pass_unnoticed(write_dicom, tmp_path, caplog):
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    write_dicom(ramp, "wide.dcm", bits=12, WindowCenter=32768, WindowWidth=65536)
    write_dicom(ramp, "good.dcm", bits=12, WindowCenter=[1, 2048], WindowWidth=[0, 4096])
    rows = pd.DataFrame({"image_id": ["a", "b"], "path": ["h1", "h2"], "file": ["wide.dcm", "good.dcm"]})
    settings = ConvertShard(size=32, fit="crop", colour="grey", burnt_in="reject", burnt_in_areas=(), shards=1)
    with caplog.at_level(logging.INFO):
        rejected = convert(rows, tmp_path, "d", settings, tmp_path / "s.h5")
    assert list(rejected["image_id"]) == ["a"]
    assert rejected["reason"][0].startswith("a picture that is nearly black")
    assert "1 x window width (0028,1051) of 0" in caplog.text


@pytest.mark.parametrize(("name", "content"), [
    ("a.png", b"no image"), ("a.jpg", b"\xff\xd8\xff"), ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    ("a.dcm", bytes(128) + b"DICM" + bytes(range(100))), ("a.dcm", bytes(500)), ("a.dcm", b"\x08\0\x05\0CS"),
])  # fmt: skip
def test_reasons_are_words_and_not_names_of_errors(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for read in (lambda path: load_square(path, 32), read_shape):
        with pytest.raises(UnusableImageError) as reason:
            read(tmp_path / name)
        assert "Error" not in str(reason.value)
        assert len(str(reason.value)) > 10


def test_what_was_done_is_stamped():
    assert preprocessing("pad", "reject")["fit"] == "whole, on black"
    assert preprocessing("crop", "black_out")["burnt_in"] == "black_out"
