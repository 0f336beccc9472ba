"""Files of any kind to square 8-bit pixels."""

import numpy as np
import PIL.Image
import pytest

from crossray.dicom import UnusableImageError
from crossray.images import centre_square, load_square


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
