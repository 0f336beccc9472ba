"""How well one attribution map fits one region, and the score of chance on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

MEASURES = ("pointing", "overlap", "mass")

#: how far from a region a point may lie and still hit it, as a share of the side: Zhang et al. (IJCV 2018) allow 15
#: pixels on images of about 500
TOLERANCE = 0.03
#: what counts as marked: all that has at least this share of a map's largest value
MARKED = 0.5
#: deviation of the blob in the middle of the image that knows nothing but where findings mostly are
CENTRE = 0.25


def score(heat: NDArray, region: NDArray[np.bool_]) -> dict[str, float]:
    """Compare a map with a region.

    Args:
        heat: at least 0, shape (size, size); 0 throughout says the same of every pixel.
        region: at least one pixel, same shape.

    Returns:
        ``pointing``: whether the largest value lies in the region or at most :data:`TOLERANCE` outside it (pointing
        game; of several largest values, their share). ``overlap``: intersection over union of the region and the pixels
        with at least :data:`MARKED` of the largest value. ``mass``: share of the map's sum inside the region. And for
        each, with ``_chance`` after its name, what is expected of as many pixels anywhere.
    """
    largest = heat >= heat.max()
    near = _near(region)
    marked = heat >= MARKED * heat.max()
    share, area = float(region.mean()), float(region.sum())
    common = marked.mean() * area
    inside, total = float(heat[region].sum(dtype=np.float64)), float(heat.sum(dtype=np.float64))
    return {
        "pointing": float(near[largest].mean()),
        "pointing_chance": float(near.mean()),
        "overlap": float((marked & region).sum() / (marked | region).sum()),
        "overlap_chance": float(common / (marked.sum() + area - common)),
        "mass": inside / total if total else share,
        "mass_chance": share,
    }


def _near(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels are in a region or at most :data:`TOLERANCE` of the side away."""
    distance = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance <= TOLERANCE * len(region)


def centre_map(size: int) -> NDArray[np.float64]:
    """Return a Gaussian in the middle of an image, the same for every image."""
    place = (np.arange(size) + 0.5) / size - 0.5
    line = np.exp(-0.5 * (place / CENTRE) ** 2)
    return np.outer(line, line)
