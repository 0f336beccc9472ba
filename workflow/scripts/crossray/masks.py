"""Masks as text: runs of pixels, row by row, as ``start length start length ...``."""

import numpy as np
from numpy.typing import NDArray


def encode(mask: NDArray[np.bool_]) -> str:
    """Return the runs of a mask of shape (rows, columns): start (row by row, from 0) and length of each."""
    padded = np.concatenate([[False], np.asarray(mask, bool).ravel(), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    starts, ends = edges[::2], edges[1::2]
    return " ".join(f"{start} {end - start}" for start, end in zip(starts, ends, strict=True))


def decode(runs: str, rows: int, columns: int) -> NDArray[np.bool_]:
    """Return the mask of shape (rows, columns) that :func:`encode` wrote.

    Raises:
        ValueError: if the text is no list of runs, or they do not fit the shape.
    """
    numbers = np.array(runs.split(), dtype=np.int64)
    if len(numbers) % 2:
        raise ValueError("a start without a length")
    starts, ends = numbers[::2], numbers[::2] + numbers[1::2]
    if len(numbers) and (starts.min() < 0 or (ends < starts).any() or ends.max() > rows * columns):
        raise ValueError(f"runs outside a mask of {rows} x {columns} pixels")
    mask = np.zeros(rows * columns, bool)
    for start, end in zip(starts, ends, strict=True):
        mask[start:end] = True
    return mask.reshape(rows, columns)
