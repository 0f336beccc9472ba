"""Reader ``siim``: the SIIM-ACR Pneumothorax Segmentation challenge of 2019. See docs/datasets/siim.md."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.fields import FRONTAL, ages, optional, sexes, views
from crossray.datasets.headers import read_headers
from crossray.datasets.policy import keep_images
from crossray.datasets.release import check_images, count_rows, find_images, locate_tables, read_csv

if TYPE_CHECKING:
    import pandas

SETTINGS = ()
POLICIES = {"default": {"views": FRONTAL, "images_per_patient": "all"}}
REGISTER = None

LAYOUT = "dicom-images-train/STUDY/SERIES/1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm"


def locate(dataset: str, settings: Mapping[str, Any]) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return locate_tables(dataset, settings, ["train-rle.csv", "stage_2_train.csv"])


count_images = count_rows


def read(release: Release, settings: Mapping[str, Any]) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Reader`; patients, views, sexes and ages stand in the DICOM headers."""
    import pandas as pd

    table = label_rows(release.tables[0])
    files = find_images(release.root)
    table["path"] = (table["image_id"] + ".dcm").map(lambda name: files.get(name, name))
    check_images(release.root, table["path"], settings["max_missing"], LAYOUT)
    keywords = ["PatientID", "StudyInstanceUID", "ViewPosition", "PatientSex", "PatientAge"]
    headers = read_headers(release.root, table["path"], keywords)
    described = pd.DataFrame(
        {
            "patient_id": headers["PatientID"].mask(headers["PatientID"] == "", table["image_id"]),
            "study_id": optional(headers["StudyInstanceUID"]),
            "view": views(headers["ViewPosition"]),
            "sex": sexes(headers["PatientSex"], release.root, "PatientSex"),
            "age": ages(headers["PatientAge"], release.root, "PatientAge"),
        }
    )
    return keep_images(described.join(table), settings)


def label_rows(path: str) -> "pandas.DataFrame":
    """Read the table of masks, which has several rows for some images.

    Returns:
        image_id and Pneumothorax: 1 if any row has a mask, 0 if the mask is -1.
    """
    raw = read_csv(path, ["ImageId", "EncodedPixels"])
    positive = (raw["EncodedPixels"].str.strip() != "-1").astype(float)
    by_image = positive.groupby(raw["ImageId"].str.strip(), sort=False).max()
    return by_image.rename("Pneumothorax").rename_axis("image_id").reset_index()
