"""Reader ``nih_google``: radiologists' labels of 4,376 images of ChestX-ray14 (Majkowska et al., Radiology 2020).

The images are the NIH's, and so are the patients. See docs/datasets/nih_google.md.
"""

from crossray.datasets import Release, nih
from crossray.datasets.fields import translated
from crossray.datasets.options import Listed
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, count_rows, locate_tables
from crossray.datasets.sheets import read_table

#: column of the release -> task
TASKS = {
    "Fracture": "Fracture",
    "Pneumothorax": "Pneumothorax",
    "Airspace opacity": "Lung Opacity",
    "Nodule or mass": "Nodule/Mass",
}
ANSWERS = {"YES": 1.0, "NO": 0.0, "": None}

Options = Listed
SETTINGS = ()
ReadSettings = ChosenImages
POLICIES, COHORT = nih.POLICIES, nih.COHORT
TABLE_OF_IMAGES = nih.TABLE_OF_IMAGES


def locate(dataset: str, settings: Listed) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return locate_tables(dataset, settings, ["google2019_nih-chest-xray-labels.csv"])


count_images = count_rows
image_ids = nih.image_ids


def read(release: Release, settings: ChosenImages) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    path = release.tables[0]
    raw = read_table(path, [*nih.COLUMNS, *TASKS])
    for column in TASKS:
        raw[column] = translated(raw[column].str.strip().str.upper(), ANSWERS, path, column).astype(float)
    images, not_kept = nih.read_images(release, raw, list(TASKS), settings)
    check_images(release.root, images["path"], settings.max_missing, nih.LAYOUT)
    return KeptImages(images.drop(columns="findings").rename(columns=TASKS), not_kept)
