"""Attribution maps: float16, of the size of the images, in one HDF5 file, chunked by map and compressed.

A map ranges from 0 to 1 at its maximum, or is 0 throughout. float16 keeps three digits of it, small values
included, which sums over an image need; maps are smooth, so compressed they take a fraction of their size. What each
map is of stands in a table beside the file, whose column ``map`` is the place in it.
"""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from crossray.errors import UserError
from crossray.files import replacing

FORMAT_VERSION = 1


def write(path: Path, parts: Iterable[NDArray], count: int, size: int) -> None:
    """Write maps, whole or not at all.

    Args:
        path: the file to write.
        parts: arrays of shape (n, size, size), 0 to 1; taken one at a time, ``count`` maps in all.
        count: number of maps.
        size: pixels along each side.
    """
    with replacing(path) as partial, h5py.File(partial, "w", locking=False) as file:
        chunks = (1, size, size) if count else None
        packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if count else {}
        maps = file.create_dataset("maps", (count, size, size), np.float16, chunks=chunks, track_times=False, **packed)
        file.attrs["format_version"] = FORMAT_VERSION
        start = 0
        for part in parts:
            maps[start : start + len(part)] = part
            start += len(part)


def read(path: Path, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Read maps at these places of a file, in this order, shape (places, size, size).

    Raises:
        UserError: if the file is no such file, or too short.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            order, back = np.unique(places, return_inverse=True)
            return file["maps"][order].astype(np.float32)[back]
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise UserError(f"{path}: not the maps that the table beside it names ({error}); delete both") from error
