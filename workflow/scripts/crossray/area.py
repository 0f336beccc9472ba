"""Exact area resize: each output pixel is the mean of the area it covers, with exact sums."""

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

#: rows of the result at a time: what they cover stays in the processor's cache
_BLOCK = 4

#: the largest whole number up to which float32 holds them all
_EXACT = 2**24


@dataclass(frozen=True)
class IndexedLevels:
    """Grey levels that are looked up where they are needed, as arrays of them: a few rows stay in the cache.

    OpenCV looks up four times as fast as numpy, in tables of 256 or 65,536 entries.

    Attributes:
        values: shape (height, width), uint8 or uint16.
        table: the grey level of every number that ``values`` can hold.
    """

    values: NDArray[np.uint8] | NDArray[np.uint16]
    table: NDArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions, 2."""
        return self.values.ndim

    @property
    def dtype(self) -> np.dtype:
        """What the levels are."""
        return self.table.dtype

    def __getitem__(self, part: slice | tuple[slice, slice]) -> "IndexedLevels":
        """Return a part of the image."""
        return IndexedLevels(self.values[part], self.table)

    def astype(self, dtype: type[np.generic]) -> "IndexedLevels":
        """Return the same levels of another dtype; nothing is looked up yet."""
        return IndexedLevels(self.values, self.table.astype(dtype))

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> NDArray:
        """Look all levels up."""
        return cv2.LUT(self.values, self.table).astype(dtype or self.dtype, copy=False)


#: grey levels, looked up or to be looked up
Levels = NDArray | IndexedLevels


def area_means(grey: Levels, rows: int, columns: int) -> NDArray[np.float64]:
    """Shrink an image.

    Weights are whole numbers, and no sum exceeds what its dtype holds exactly. So the order of additions, and with it
    the processor, its libraries and the number of threads, changes nothing.

    Args:
        grey: whole numbers, shape (height, width).
        rows: height of the result, at most that of the image.
        columns: width of the result, at most that of the image.

    Returns:
        Means of the grey levels, shape (rows, columns).
    """
    height, width = grey.shape
    covered_down, covered_across = (length // math.gcd(length, parts) for length, parts in
                                    ((height, rows), (width, columns)))  # fmt: skip
    dtype = np.float32 if covered_down * int(np.iinfo(grey.dtype).max) <= _EXACT else np.float64
    levels = grey.astype(dtype) if isinstance(grey, IndexedLevels) else grey
    strips = np.empty((rows, width), dtype)
    for part, covered, weights in _bands(height, rows, dtype):
        np.matmul(weights, np.asarray(levels[covered], dtype), out=strips[part])
    sums, strips = np.empty((rows, columns)), strips.astype(np.float64)
    for part, covered, weights in _bands(width, columns, np.float64):
        np.matmul(strips[:, covered], weights.T, out=sums[:, part])
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
