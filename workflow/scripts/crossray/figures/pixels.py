"""Images inside figures."""

import base64
import io

import numpy as np
import PIL.Image
from numpy.typing import NDArray

_PIXELS = 128


def data_url(image: NDArray[np.uint8]) -> str:
    """Return an image, uint8 of shape (size, size) or (size, size, 3), as a JPEG of at most 128 px in a data URL."""
    small = PIL.Image.fromarray(image)
    small.thumbnail((_PIXELS, _PIXELS))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
