"""Annotated regions of findings, one row per box or mask, and their mapping to the pixels.

Columns: image_id and task as in the manifest; kind, box or mask; left, top, right, bottom, shares of the original image
from its left and top edge, 0 to 1 (of a mask, what it fits into); rows, columns and aspect (height of a pixel by its
width) of the original image; mask_rows, mask_columns and runs of a mask (:mod:`crossray.masks`), 0 and empty for boxes.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.files import read_parquet, replacing
from crossray.images import to_square
from crossray.masks import decode

BOX, MASK = "box", "mask"
COLUMNS = ["image_id", "task", "kind", "left", "top", "right", "bottom", "rows", "columns", "aspect", "mask_rows",
           "mask_columns", "runs"]  # fmt: skip


def write(path: Path, regions: pd.DataFrame) -> None:
    """Write a table of regions as Parquet, whole or not at all."""
    texts = dict.fromkeys(("image_id", "task", "kind", "runs"), "str")
    whole = dict.fromkeys(("rows", "columns", "mask_rows", "mask_columns"), "int64")
    shares = dict.fromkeys(("left", "top", "right", "bottom", "aspect"), "float64")
    with replacing(path) as partial:
        regions.astype(texts | whole | shares).to_parquet(partial, index=False)


def read(path: Path) -> pd.DataFrame:
    """Read a table of regions."""
    return read_parquet(path, COLUMNS)


def on_square(regions: pd.DataFrame, size: int, fit: str) -> NDArray[np.bool_]:
    """Draw the union of the regions of one image as the models see the image.

    They go the way of the pixels (:func:`crossray.images.to_square`); a pixel belongs to the region if at least half of
    it does. Of a region so small that this leaves nothing, the pixel with most of it stays.

    Args:
        regions: rows of one image, at least one.
        size: pixels along each side.
        fit: ``crop`` or ``pad``.

    Returns:
        Shape (size, size); nothing is true where the crop has cut the regions off.
    """
    first = regions.iloc[0]
    whole = np.zeros((int(first["rows"]), int(first["columns"])), np.uint8)
    for region in regions.itertuples():
        _draw(whole, region)
    covered = to_square(whole, float(first["aspect"]), size, fit)
    inside = covered >= 0.5
    return inside if inside.any() or not covered.any() else covered == covered.max()


def _draw(whole: NDArray[np.uint8], region: Any) -> None:
    """Set the pixels of a region to 1, at least one."""
    rows, columns = whole.shape
    if region.kind == MASK:
        mask = decode(region.runs, region.mask_rows, region.mask_columns).astype(np.uint8)
        if mask.shape != whole.shape:
            mask = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_NEAREST)
        np.maximum(whole, mask, out=whole)
        return
    left, right = _pixels(region.left, region.right, columns)
    top, bottom = _pixels(region.top, region.bottom, rows)
    whole[top:bottom, left:right] = 1


def _pixels(start: float, end: float, count: int) -> tuple[int, int]:
    """Return the first pixel and the one after the last between two shares of a side, at least one pixel."""
    first = min(round(start * count), count - 1)
    return first, max(round(end * count), first + 1)
