"""Files of any kind to square 8-bit pixels."""

import numpy as np
import PIL.Image
import pytest

from crossray.errors import UnusableImageError
from crossray.images import centre_square, load_square, preprocessing


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


def test_what_was_done_is_stamped():
    assert preprocessing("pad", "reject")["fit"] == "whole, on black"
    assert preprocessing("crop", "black_out")["burnt_in"] == "black_out"
