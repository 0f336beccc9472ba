"""Images inside figures."""

import base64
import io

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

_PIXELS = 128

#: from little to much evidence; how much of the image the strongest covers; and the outline of what is known
_HEAT = np.array([[213, 94, 0], [254, 232, 56]], np.float32)
_COVER = 0.7
_OUTLINE = (0, 229, 255)


def data_url(image: NDArray[np.uint8]) -> str:
    """Return an image, uint8 of shape (size, size) or (size, size, 3), as a JPEG of at most 128 px in a data URL."""
    small = PIL.Image.fromarray(image)
    small.thumbnail((_PIXELS, _PIXELS))
    return _jpeg(small)


def evidence_url(image: NDArray[np.uint8], heat: NDArray[np.float32], region: NDArray[np.bool_]) -> str:
    """Return an image twice, side by side, as a JPEG of 260 x 128 px in a data URL: as it is, and under its evidence.

    Args:
        image: shape (size, size).
        heat: 0 to 1, same shape: lies over the image on the right, from orange to yellow.
        region: same shape: where the finding is known to be, outlined in cyan in both; nothing where nobody says.
    """
    square = (_PIXELS, _PIXELS)
    grey = cv2.resize(image, square, interpolation=cv2.INTER_AREA if len(image) > _PIXELS else cv2.INTER_LINEAR)
    plain = np.repeat(grey[..., None], 3, axis=2)
    strength = np.clip(cv2.resize(heat, square, interpolation=cv2.INTER_LINEAR), 0, 1)[..., None]
    colours = _HEAT[0] + strength * (_HEAT[1] - _HEAT[0])
    covered = np.round(plain * (1 - _COVER * strength) + colours * _COVER * strength).astype(np.uint8)
    shape = cv2.resize(region.astype(np.uint8), square, interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for picture in (plain, covered):
        cv2.drawContours(picture, outlines, -1, _OUTLINE, 1)
    gap = np.full((_PIXELS, 4, 3), 255, np.uint8)
    return _jpeg(PIL.Image.fromarray(np.hstack([plain, gap, covered])), subsampling=0)


def _jpeg(image: PIL.Image.Image, **options: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, **options)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
