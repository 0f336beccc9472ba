"""Reader ``siim``: the SIIM-ACR Pneumothorax Segmentation challenge of 2019. See docs/datasets/siim.md."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossray.datasets import Release
from crossray.datasets.fields import FRONTAL, ages, optional, sexes, views
from crossray.datasets.headers import read_headers
from crossray.datasets.listing import find_images
from crossray.datasets.options import Released
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.release import check_images, count_rows, find_table, locate_tables
from crossray.datasets.sheets import read_table
from crossray.datasets.strata import OfHeaders
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

SETTINGS = ()
ReadSettings = ChosenImages
POLICIES = {"default": {"views": FRONTAL, "images_per_patient": "all"}}
COHORT = None

TABLES = ("train-rle.csv", "stage_2_train.csv")

#: rows and columns of the images, on which the masks are counted
FRAME = (1024, 1024)

LAYOUT = "dicom-images-train/STUDY/SERIES/1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819.dcm"


@dataclass(frozen=True, kw_only=True)
class Options(Released, OfHeaders):
    """The SIIM-ACR challenge."""


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return locate_tables(dataset, settings, TABLES)


count_images = count_rows


def read(release: Release, settings: ChosenImages) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; patients, views, sexes and ages stand in the DICOM headers."""
    import pandas as pd

    table = label_rows(release.tables[0])
    names = table["image_id"] + ".dcm"
    files = find_images(release.root, names)
    table["path"] = names.map(lambda name: files.get(name, name))
    check_images(release.root, table["path"], settings.max_missing, LAYOUT)
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
    raw = read_table(path, ["ImageId", "EncodedPixels"])
    positive = (raw["EncodedPixels"].str.strip() != "-1").astype(float)
    by_image = positive.groupby(raw["ImageId"].str.strip(), sort=False).max()
    return by_image.rename("Pneumothorax").rename_axis("image_id").reset_index()


def locate_places(dataset: str, settings: Options) -> tuple[str, ...]:
    """See :class:`crossray.datasets.Locator`; the table of labels is one of masks."""
    return (find_table(dataset, settings.root, settings.table, TABLES),)


def read_places(release: Release) -> "pandas.DataFrame":
    """See :class:`crossray.datasets.Locator`."""
    from crossray.datasets.annotations import masks

    path = release.tables[0]
    raw = read_table(path, ["ImageId", "EncodedPixels"])
    raw = raw[raw["EncodedPixels"].str.strip() != "-1"]
    runs = [_by_rows(text, path, row) for row, text in raw["EncodedPixels"].items()]
    return masks(raw["ImageId"].str.strip(), "Pneumothorax", runs, *FRAME)


def _by_rows(text: str, path: str, row: Any) -> str:
    """Translate the challenge's runs, down the columns, each start counted from the end of the run before.

    Raises:
        UserError: if the text is no list of runs inside the image.
    """
    import numpy as np

    from crossray.masks import decode, encode

    try:
        numbers = np.array(text.split(), dtype=np.int64)
        starts, lengths = numbers[::2], numbers[1::2]
        starts = np.cumsum(starts) + np.concatenate([[0], np.cumsum(lengths)[:-1]])
        absolute = " ".join(f"{start} {length}" for start, length in zip(starts, lengths, strict=True))
        rows, columns = FRAME
        return encode(decode(absolute, columns, rows).T)
    except ValueError as error:
        raise UserError(
            f"{path}: row {row + 2}, column EncodedPixels: not a mask of {FRAME[1]} x {FRAME[0]} pixels: {error}"
        ) from error
