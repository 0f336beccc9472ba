"""Reader ``object_cxr``: foreign objects on radiographs of Chinese township hospitals (MIDL 2020 challenge).

See docs/datasets/object_cxr.md.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.options import Released
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, count_rows, find_table, locate_tables
from crossray.datasets.sheets import read_table
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

Options = Released
SETTINGS = ()
ReadSettings = ChosenImages
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all"}}
COHORT = None


def locate(dataset: str, settings: Released) -> Release:
    """See :class:`crossray.datasets.Reader`; ``table: dev.csv`` reads the development set."""
    return locate_tables(dataset, settings, ["train.csv"])


count_images = count_rows


def read(release: Release, settings: ChosenImages) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; the release names no patients, so every image is its own."""
    import pandas as pd

    raw = read_table(release.tables[0], ["image_name", "annotation"])
    names = raw["image_name"].str.strip()
    image = names.str.rsplit(".", n=1).str[0]
    table = pd.DataFrame(
        {
            "image_id": image,
            "patient_id": image,
            "study_id": image,
            "path": Path(release.tables[0]).name.split(".")[0] + "/" + names,
            "view": pd.Series(index=raw.index, dtype="str"),
            "sex": pd.Series(index=raw.index, dtype="str"),
            "age": float("nan"),
            "Foreign Object": (raw["annotation"].str.strip() != "").astype(float),
        }
    )
    check_images(release.root, table["path"], settings.max_missing, "train/00001.jpg")
    return keep_images(table, settings)


def locate_places(dataset: str, settings: Released) -> tuple[str, ...]:
    """See :class:`crossray.datasets.Locator`; the table of labels is one of objects."""
    return (find_table(dataset, settings.root, settings.table, ["train.csv"]),)


def read_places(release: Release) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Locator`; of ellipses and polygons, the boxes around them."""
    import pandas as pd

    from crossray.datasets.annotations import boxes

    path = release.tables[0]
    raw = read_table(path, ["image_name", "annotation"])
    objects = raw["annotation"].str.strip().str.strip(";").str.split(";").explode()
    objects = objects[objects.str.strip() != ""]
    found = [_edges(text, path, row) for row, text in objects.items()]
    edges = pd.DataFrame(found, columns=["left", "top", "right", "bottom"])
    images = raw["image_name"].str.strip().str.rsplit(".", n=1).str[0]
    return boxes(images.loc[objects.index].reset_index(drop=True), "Foreign Object", edges)


def _edges(text: str, path: str, row: Any) -> tuple[float, float, float, float]:
    """Return the box around an object: its shape (0 rectangle, 1 ellipse, 2 polygon), then corners x y x y ...

    Raises:
        UserError: if the text is not that.
    """
    try:
        shape, *corners = (float(part) for part in text.split())
    except ValueError:
        shape, corners = -1.0, []
    if shape not in (0, 1, 2) or len(corners) < 4 or len(corners) % 2:
        raise UserError(f"{path}: row {row + 2}, column annotation: not an object, such as 0 10 20 30 40")
    across, down = corners[::2], corners[1::2]
    return min(across), min(down), max(across), max(down)
