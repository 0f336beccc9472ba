"""Where a release says that findings are: boxes and masks, as readers hand them on and as results keep them."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crossray.errors import UnusableImageError, UserError
from crossray.images import read_shape
from crossray.masks import decode
from crossray.regions import BOX, COLUMNS, MASK

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: what a reader hands on: edges of boxes in pixels, or the runs of masks; both are counted on a picture of
#: ``frame_rows`` x ``frame_columns``, which is missing where that is the image file itself
PLACE_COLUMNS = ["image_id", "task", "left", "top", "right", "bottom", "runs", "frame_rows", "frame_columns"]

#: an edge this far outside the image is a slip of the pen; further outside, the boxes are those of another picture
_OUTSIDE = 0.02


def boxes(
    images: pd.Series, tasks: pd.Series | str, edges: pd.DataFrame, frame: tuple[int, int] | None = None
) -> pd.DataFrame:
    """Return boxes as a reader hands them on.

    Args:
        images: image_id of each, as in what the reader's ``read`` returns.
        tasks: the task of each, or of all.
        edges: left, top, right, bottom, in pixels.
        frame: rows and columns of the picture that they were drawn on; None where that is the image file itself.

    Returns:
        A table with :data:`PLACE_COLUMNS`.
    """
    rows, columns = frame or (np.nan, np.nan)
    table = edges.assign(image_id=images, task=tasks, runs="", frame_rows=rows, frame_columns=columns)
    return table[PLACE_COLUMNS].reset_index(drop=True)


def masks(images: pd.Series, tasks: pd.Series | str, runs: pd.Series, rows: Any, columns: Any) -> pd.DataFrame:
    """Return masks as a reader hands them on; ``rows`` and ``columns`` are those of each mask, or of all."""
    table = pd.DataFrame({"image_id": images, "runs": runs, "frame_rows": rows, "frame_columns": columns})
    edges = dict.fromkeys(("left", "top", "right", "bottom"), np.nan)
    return table.assign(task=tasks, **edges)[PLACE_COLUMNS].reset_index(drop=True)


def place(places: pd.DataFrame, lookup: pd.DataFrame, root: Path, origin: str) -> pd.DataFrame:
    """Bring places onto the images of a manifest.

    Args:
        places: a table with :data:`PLACE_COLUMNS`.
        lookup: which image of the manifest is which of the release (:func:`crossray.manifest.write_lookup`).
        root: the folder that files start from.
        origin: the table that they came from, for messages.

    Returns:
        A table with the columns of :mod:`crossray.regions`, in the order of the manifest. Places on images that the
        manifest does not have, or whose file cannot be read, and those without an area are left out, and counted.

    Raises:
        UserError: if a place lies outside its image, as it then belongs to a picture of another size.
    """
    kept = places[places["image_id"].isin(lookup["released_image_id"])]
    _tell(len(places) - len(kept), "of images that are not in the manifest")
    order = {name: number for number, name in enumerate(lookup["released_image_id"])}
    kept = kept.assign(number=kept["image_id"].map(order)).sort_values("number", kind="stable")
    shapes = _shapes(lookup.iloc[kept["number"].unique()], root)
    rows = [
        {"image_id": lookup["image_id"].iloc[one.number], "task": one.task, **found}
        for one in kept.itertuples()
        if one.number in shapes and (found := _on_image(one, *shapes[one.number], origin))
    ]
    _tell(len(kept) - len(rows), "of images that cannot be read, or without an area")
    return pd.DataFrame(rows, columns=COLUMNS)


def _tell(left_out: int, why: str) -> None:
    if left_out:
        log.warning("%d places left out: %s", left_out, why)


def _shapes(files: pd.DataFrame, root: Path) -> Mapping[int, tuple[int, int, float]]:
    """Return rows, columns and pixel aspect of the images that have a readable header, by their number."""
    shapes = {}
    for number, path in files["path"].items():
        try:
            shapes[int(str(number))] = read_shape(root / path)
        except UnusableImageError as reason:
            log.info("an image is left out: %s", reason)
    return shapes


def _on_image(one: Any, rows: int, columns: int, aspect: float, origin: str) -> dict[str, Any] | None:
    """Return a place as shares of its image; None if it has no area."""
    frame_rows, frame_columns = (rows, columns) if np.isnan(one.frame_rows) else (one.frame_rows, one.frame_columns)
    facts = {"rows": rows, "columns": columns, "aspect": aspect}
    if not np.isnan(one.left):
        left, top, right, bottom = (
            one.left / frame_columns, one.top / frame_rows, one.right / frame_columns, one.bottom / frame_rows
        )  # fmt: skip
        if min(left, top) < -_OUTSIDE or max(right, bottom) > 1 + _OUTSIDE:
            raise UserError(
                f"{origin}: a box from ({one.left:g}, {one.top:g}) to ({one.right:g}, {one.bottom:g}) lies outside its "
                f"image of {frame_columns:g} x {frame_rows:g} pixels; the images must have the size of the release's, "
                "or leave regions of this data set out by removing the table"
            )
        edges = np.clip([left, top, right, bottom], 0, 1)
        if edges[2] <= edges[0] or edges[3] <= edges[1]:
            return None
        shape: dict[str, Any] = {"kind": BOX, "mask_rows": 0, "mask_columns": 0, "runs": ""}
    else:
        mask = _decoded(one, int(frame_rows), int(frame_columns), origin)
        if not mask.any():
            return None
        edges = _bounds(mask)
        shape = {"kind": MASK, "mask_rows": mask.shape[0], "mask_columns": mask.shape[1], "runs": one.runs}
    return facts | shape | dict(zip(("left", "top", "right", "bottom"), map(float, edges), strict=True))


def _decoded(one: Any, rows: int, columns: int, origin: str) -> "NDArray[np.bool_]":
    try:
        return decode(one.runs, rows, columns)
    except ValueError as error:
        raise UserError(f"{origin}: a mask of {one.task} cannot be read: {error}") from error


def _bounds(mask: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """Return left, top, right, bottom of a mask that is not empty, as shares."""
    down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    rows, columns = mask.shape
    return np.array([across[0] / columns, down[0] / rows, (across[-1] + 1) / columns, (down[-1] + 1) / rows])
