"""Images of a release to shards: which go into which, and what is done about those that cannot be used."""

import ctypes
import importlib.metadata
import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import h5py
import imagecodecs
import numpy as np
import pandas as pd
import pydicom
from numpy.typing import NDArray

from crossray.errors import UnusableImageError
from crossray.images import load_square, preprocessing
from crossray.remarks import counted
from crossray.shards import write_shard
from crossray.study.names import CHANNELS
from crossray.study.stages.convert_shard import ConvertShard
from crossray.tables import of_rows
from crossray.tables.conversion import Rejected

log = logging.getLogger(__name__)

_EVERY = 1000

#: options of glibc's mallopt, and the largest value that the second takes
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _LARGEST = -1, -3, 32 << 20


def settle_process() -> None:
    """Let this process convert on one core, as shards are converted side by side, and keep the memory that it frees.

    An image takes tens of megabytes for milliseconds; where the C library gives them back each time, to get them again
    costs more than to read and resize an image. Other libraries than glibc are left as they are.
    """
    cv2.setNumThreads(1)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_THRESHOLD, _LARGEST)
        mallopt(_TRIM_THRESHOLD, 1 << 30)


def rows_of_shard(images: int, shards: int, shard: int) -> slice:
    """Return which rows of a manifest go into a shard: consecutive ones, shares that differ by at most one."""
    share, larger = divmod(images, shards)
    start = shard * share + min(shard, larger)
    return slice(start, start + share + (shard < larger))


def convert(images: pd.DataFrame, root: Path, dataset: str, settings: ConvertShard, shard: Path) -> pd.DataFrame:
    """Convert images to one shard.

    Args:
        images: those that go into the shard: image_id, path (as a manifest has it), file (from ``root``).
        root: the folder that files start from.
        dataset: name of the data set, for the shard's attributes.
        settings: those of the conversion (:func:`crossray.images.load_square`).
        shard: the file to write.

    Returns:
        The images left out: image_id, path, reason.
    """
    kept: list[str] = []
    rejected: list[dict[str, str]] = []
    facts = preprocessing(settings.fit, settings.burnt_in, settings.colour)
    attributes = {"dataset": dataset, "preprocessing": facts, "versions": _versions()}
    usable = _usable(images, root, settings, kept, rejected)
    with counted() as remarks:
        write_shard(shard, usable, kept, settings.size, attributes, CHANNELS[settings.colour])
    log.info("%d images converted, %d rejected", len(kept), len(rejected))
    for text, count in sorted(remarks.items()):
        log.info("%d x %s", count, text)
    return of_rows(rejected, Rejected)


def _usable(
    images: pd.DataFrame,
    root: Path,
    settings: ConvertShard,
    kept: list[str],
    rejected: list[dict[str, str]],
) -> Iterator[NDArray[np.uint8]]:
    """Yield the pixels of each image that can be used, and add it to ``kept``; the others to ``rejected``."""
    for number, image in enumerate(images.itertuples(), start=1):
        try:
            pixels = load_image(root / image.file, settings)
        except UnusableImageError as reason:
            rejected.append({"image_id": image.image_id, "path": image.path, "reason": str(reason)})
        else:
            kept.append(image.image_id)
            yield pixels
        if number % _EVERY == 0:
            log.info("%d of %d images", number, len(images))


def load_image(path: Path, settings: ConvertShard) -> NDArray[np.uint8]:
    """Read an image as a conversion does (:func:`crossray.images.load_square`).

    Raises:
        UnusableImageError: if it cannot be used, with the reason.
    """
    # On a radiograph without contrast nothing can be learnt; pictures in colour are no radiographs, and may be so.
    blank = "reject" if settings.colour == "grey" else "warn"
    areas = settings.burnt_in_areas
    return load_square(path, settings.size, settings.fit, settings.burnt_in, areas, settings.colour, blank)


def _versions() -> dict[str, str]:
    found = {module.__name__: module.__version__ for module in (pydicom, imagecodecs, cv2, h5py, np)}
    return found | {"gdcm": importlib.metadata.version("python-gdcm")}
