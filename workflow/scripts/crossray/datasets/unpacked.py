"""Releases that are arrays and no image files: unpacked to one PNG an image and a table of classes, read from there.

The reader of such a release offers ``unpack`` too, with the signature of :func:`crossray.datasets.digits.unpack`; the
rule ``unpack_release`` calls it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.datasets import Release
from crossray.datasets.reading import KeptImages, Reading
from crossray.datasets.sheets import read_table
from crossray.study import folders

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray


def locate_unpacked(dataset: str) -> Release:
    """Return where the rule ``unpack_release`` puts a release."""
    images, labels = (pattern.format(dataset=dataset) for pattern in (folders.UNPACKED_IMAGES, folders.UNPACKED_LABELS))
    return Release(f"{folders.DATASETS}/{images}", (f"{folders.DATASETS}/{labels}",))


def write_images(images: Iterable[tuple["NDArray", str, str]], folder: Path, first: int = 0) -> "pandas.DataFrame":
    """Write images as PNG files, a thousand in a folder.

    Args:
        images: pixels, uint8 of shape (rows, columns) or (rows, columns, 3), class, and the release's split, train or
            test, empty where it has none; in the release's order.
        folder: where they go.
        first: number of the first of them in the release.

    Returns:
        One row an image: image_id (its number in the release), path (from the folder), split and class.
    """
    import pandas as pd
    import PIL.Image

    rows = []
    for number, (pixels, name, split) in enumerate(images, start=first):
        row = _row(number, name, split)
        path = folder / row["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(pixels).save(path)
        rows.append(row)
    return pd.DataFrame(rows)


def _row(number: int, name: str, split: str) -> dict[str, str]:
    """Return what the table of an unpacked release says of an image."""
    return {
        "image_id": f"{number:05d}",
        "path": f"{number // 1000:03d}/{number:05d}.png",
        "split": split,
        "class": name,
    }


def preview_images(images: Iterable[tuple[str, str]], folder: Path, first: int = 0) -> Release:
    """Write the table of :func:`write_images` into a folder, without the images.

    Args:
        images: class and the release's split of each, in the release's order.
        folder: where it goes.
        first: number of the first of them in the release.
    """
    import pandas as pd

    from crossray.files import write_csv

    labels = folder / "labels.csv"
    rows = [_row(number, name, split) for number, (name, split) in enumerate(images, start=first)]
    write_csv(labels, pd.DataFrame(rows))
    return Release(str(folder), (str(labels),))


def read_unpacked(release: Release, settings: Reading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; ``settings`` holds ``split`` for what the release does not split itself.

    Every image is its own patient. The split of its training images is left open, for a validation split.
    """
    import pandas as pd

    from crossray.files import with_texts
    from crossray.texts import from_cell

    raw = with_texts(read_table(release.tables[0], ["image_id", "path", "split", "class"]), from_cell)
    empty = pd.Series(index=raw.index, dtype="str")
    table = pd.DataFrame(
        {
            "image_id": raw["image_id"],
            "patient_id": raw["image_id"],
            "study_id": empty,
            "path": raw["path"],
            "view": empty,
            "sex": empty,
            "age": float("nan"),
        }
    )
    if (raw["split"] != "").all():
        table["split"] = raw["split"].mask(raw["split"] == "train")
    labels = {name: (raw["class"] == name).astype(float) for name in sorted(raw["class"].unique())}
    return KeptImages(table.assign(**labels), {})
