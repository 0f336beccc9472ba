"""Reader ``chexpert``: CheXpert of Stanford Hospital (Irvin et al., AAAI 2019). See docs/datasets/chexpert.md."""

from typing import TYPE_CHECKING

from crossray.datasets import Release
from crossray.datasets.chexpert_labels import keep_labelled, raw_labels
from crossray.datasets.fields import FRONTAL, ages, sexes, views
from crossray.datasets.options import LabelerColumns
from crossray.datasets.reading import KeptImages, LabelerReading
from crossray.datasets.release import count_rows, locate_tables
from crossray.datasets.sheets import read_table
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

Options = LabelerColumns
SETTINGS = ()
ReadSettings = LabelerReading
POLICIES = {
    "default": {
        "views": FRONTAL,
        "images_per_patient": "all",
        "uncertain": "ignore",
        "no_finding": "negative",
    },
    # The original kept every frontal image, the few with the frontal mark and a lateral position among them.
    "paper": {
        "views": ["PA", "AP", "LATERAL FRONTAL"],
        "images_per_patient": "first_known",
        "uncertain": "ignore",
        "no_finding": "overrules",
    },
}
COHORT = None
TABLE_OF_IMAGES = 0

PATH = r"((?:train|valid|test)/(patient\d+)/(study\d+)/[^/]+)$"
LAYOUT = "train/patient00001/study1/view1_frontal.jpg"


def locate(dataset: str, settings: LabelerColumns) -> Release:
    """See :class:`crossray.datasets.Reader`; ``table: valid.csv`` reads the radiologists' 234 images."""
    return locate_tables(dataset, settings, ["train.csv"])


count_images = count_rows


def read(release: Release, settings: LabelerReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    import pandas as pd

    path = release.tables[0]
    raw = read_table(path, ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"])
    parts = raw["Path"].str.extract(PATH)
    wrong = parts.index[parts[0].isna()]
    if len(wrong):
        raise UserError(f"{path}: row {wrong[0] + 2}, column Path: not a path such as {LAYOUT}")
    frontal = raw["Frontal/Lateral"].str.strip() == "Frontal"
    view = views(raw["AP/PA"].where(frontal, "Lateral"))
    table = pd.DataFrame(
        {
            "image_id": image_ids(raw),
            "patient_id": parts[1],
            "study_id": parts[1] + "/" + parts[2],
            "path": parts[0],
            "view": view.mask(frontal & (view == "LATERAL"), "LATERAL FRONTAL"),
            "sex": sexes(raw["Sex"], path, "Sex"),
            # 0 stands for unknown here: one of 223,414 rows, an image of an adult.
            "age": ages(raw["Age"], path, "Age").replace(0, float("nan")),
        }
    ).join(raw_labels(raw, path))
    return keep_labelled(table, release.root, settings, LAYOUT)


def image_ids(rows: "pandas.DataFrame") -> "pandas.Series":
    """See :class:`crossray.datasets.Described`."""
    return rows["Path"].str.extract(PATH)[0].str.rsplit(".", n=1).str[0]
