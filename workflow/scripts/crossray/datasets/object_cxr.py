"""Reader ``object_cxr``: foreign objects on radiographs of Chinese township hospitals (MIDL 2020 challenge).

See docs/datasets/object_cxr.md.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.policy import keep_images
from crossray.datasets.release import check_images, count_rows, locate_tables, read_csv

if TYPE_CHECKING:
    import pandas

SETTINGS = ()
POLICIES = {"default": {"views": ["ANY"], "images_per_patient": "all"}}
REGISTER = None


def locate(dataset: str, settings: Mapping[str, Any]) -> Release:
    """See :class:`crossray.datasets.Reader`; ``table: dev.csv`` reads the development set."""
    return locate_tables(dataset, settings, ["train.csv"])


count_images = count_rows


def read(release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; the release names no patients, so every image is its own."""
    import pandas as pd

    raw = read_csv(release.tables[0], ["image_name", "annotation"])
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
    check_images(release.root, table["path"], settings["max_missing"], "train/00001.jpg")
    return keep_images(table, settings)
