"""Resize by area, exactly: each pixel of the result is the mean of what it covers, to the last bit of every sum."""

import functools
import math

import numpy as np
from numpy.typing import NDArray

#: rows of the result at a time: what they cover stays in the processor's cache
_BLOCK = 4

#: the largest whole number up to which float32 holds them all
_EXACT = 2**24


def area_means(grey: NDArray[np.uint16], rows: int, columns: int) -> NDArray[np.float64]:
    """Shrink an image.

    Weights are whole numbers, and no sum exceeds what its dtype holds exactly. So the order of additions, and with it
    the processor, its libraries and the number of threads, changes nothing.

    Args:
        grey: shape (height, width).
        rows: height of the result, at most that of the image.
        columns: width of the result, at most that of the image.

    Returns:
        Means of the grey levels, shape (rows, columns).
    """
    height, width = grey.shape
    covered_down, covered_across = (length // math.gcd(length, parts) for length, parts in
                                    ((height, rows), (width, columns)))  # fmt: skip
    dtype = np.float32 if covered_down * int(np.iinfo(grey.dtype).max) <= _EXACT else np.float64
    strips = np.empty((rows, width), dtype)
    for part, covered, weights in _bands(height, rows, dtype):
        np.matmul(weights, grey[covered].astype(dtype), out=strips[part])
    sums = np.empty((rows, columns))
    for part, covered, weights in _bands(width, columns, np.float64):
        np.matmul(strips[:, covered].astype(np.float64), weights.T, out=sums[:, part])
    return sums / (covered_down * covered_across)


@functools.lru_cache(maxsize=64)
def _bands(length: int, parts: int, dtype: type[np.floating]) -> list[tuple[slice, slice, NDArray]]:
    """Say how much of each of ``length`` pixels lies in each of ``parts`` equal parts.

    The unit is the largest that makes every overlap a whole number.

    Returns:
        A few parts at a time: which they are, which pixels they touch, and by how much, shape (parts, pixels).
    """
    shared = math.gcd(length, parts)
    pixel, part = parts // shared, length // shared
    bands = []
    for first in range(0, parts, _BLOCK):
        last = min(first + _BLOCK, parts)
        touched = slice(first * length // parts, -(-last * length // parts))
        starts = np.arange(touched.start, touched.stop) * pixel
        begins = np.arange(first, last)[:, None] * part
        overlaps = np.minimum(starts + pixel, begins + part) - np.maximum(starts, begins)
        bands.append((slice(first, last), touched, np.maximum(overlaps, 0).astype(dtype)))
    return bands
