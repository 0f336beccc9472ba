"""Reader ``brax``: BRAX of Hospital Israelita Albert Einstein (Reis et al., Scientific Data 2022).

See docs/datasets/brax.md.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crossray.datasets import Release
from crossray.datasets.chexpert_labels import keep_labelled, raw_labels
from crossray.datasets.fields import FRONTAL, ages, sexes, views
from crossray.datasets.options import LabelerColumns
from crossray.datasets.reading import KeptImages, LabelerReading
from crossray.datasets.release import count_rows, locate_tables
from crossray.datasets.sheets import read_table

if TYPE_CHECKING:
    import pandas

SETTINGS = ("files",)
POLICIES = {
    "default": {"views": FRONTAL, "images_per_patient": "all", "uncertain": "ignore", "no_finding": "negative"},
}
COHORT = None
TABLE_OF_IMAGES = 0

PATHS = {"dicom": "DicomPath", "png": "PngPath"}


@dataclass(frozen=True, kw_only=True)
class Options(LabelerColumns):
    """BRAX."""

    files: Literal["dicom", "png"] = "dicom"
    "Which images of the release."


@dataclass(frozen=True, kw_only=True)
class BraxReading(LabelerReading):
    """Settings of ``read``."""

    files: str
    "Which images of the release."


ReadSettings = BraxReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`."""
    return locate_tables(dataset, settings, ["master_spreadsheet_update.csv", "master_spreadsheet.csv"])


count_images = count_rows


def read(release: Release, settings: BraxReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`."""
    import pandas as pd

    path, column = release.tables[0], PATHS[settings.files]
    raw = read_table(path, [column, "PatientID", "PatientSex", "PatientAge", "ViewPosition"])
    files = raw[column].str.strip()
    table = pd.DataFrame(
        {
            "image_id": _stems(files),
            "patient_id": raw["PatientID"].str.strip(),
            "study_id": files.str.extract(r"(Study_[^/]+)")[0],
            "path": files,
            "view": views(raw["ViewPosition"]),
            "sex": sexes(raw["PatientSex"], path, "PatientSex"),
            "age": ages(raw["PatientAge"].str.replace(" or more", ""), path, "PatientAge"),
        }
    ).join(raw_labels(raw, path))
    layout = f"{'images' if column == 'PngPath' else 'Anonymized_DICOMs'}/id_.../Study_.../Series_.../image-..."
    return keep_labelled(table, release.root, settings, layout)


def image_ids(rows: "pandas.DataFrame") -> "pandas.Series":
    """See :class:`crossray.datasets.Described`; an image has one name in both formats."""
    return _stems(rows["DicomPath"] if "DicomPath" in rows else rows["PngPath"])


def _stems(paths: "pandas.Series") -> "pandas.Series":
    return paths.str.strip().str.rsplit("/", n=1).str[-1].str.rsplit(".", n=1).str[0]
