"""Reader ``mimic_cxr``: MIMIC-CXR of Beth Israel Deaconess Medical Center (Johnson et al., Scientific Data 2019).

Images as DICOM (MIMIC-CXR) or JPEG (MIMIC-CXR-JPG), labels of either labeler. See docs/datasets/mimic_cxr.md.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crossray.datasets import Release
from crossray.datasets.chexpert_labels import TASKS, keep_labelled, raw_labels
from crossray.datasets.fields import FRONTAL, views
from crossray.datasets.options import LabelerColumns
from crossray.datasets.reading import KeptImages, LabelerReading
from crossray.datasets.release import find_root, find_table
from crossray.datasets.sheets import count_rows as count_table_rows
from crossray.datasets.sheets import read_table
from crossray.study.base import LeftOut

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

SETTINGS = ("labeler", "files")
POLICIES = {
    "default": {"views": FRONTAL, "images_per_patient": "all", "uncertain": "ignore", "no_finding": "negative"},
    "paper": {
        "views": ["PA"],
        "images_per_patient": "first_known",
        "uncertain": "ignore",
        "no_finding": "overrules",
    },
}
COHORT = "mimic_cxr"
TABLE_OF_IMAGES = 1

SUFFIXES = {"dicom": ".dcm", "jpg": ".jpg"}


@dataclass(frozen=True, kw_only=True)
class Options(LabelerColumns):
    """MIMIC-CXR."""

    labeler: Literal["chexpert", "negbio"] = "chexpert"
    "Labeler."
    files: Literal["dicom", "jpg"] = "dicom"
    "Which release of the images."
    metadata: LeftOut[str] = None
    "Table of images, relative to the root; by default found by its released name."


@dataclass(frozen=True, kw_only=True)
class MimicReading(LabelerReading):
    """Settings of ``read``."""

    labeler: str
    "Labeler."
    files: str
    "Which release of the images."


ReadSettings = MimicReading


def locate(dataset: str, settings: Options) -> Release:
    """See :class:`crossray.datasets.Reader`; both releases keep the tables beside the folder ``files``."""
    labels = find_table(dataset, settings.root, settings.table, [f"mimic-cxr-2.0.0-{settings.labeler}.csv"])
    names = ["mimic-cxr-2.0.0-metadata.csv"]
    metadata = find_table(dataset, settings.root, settings.metadata, names, key="metadata")
    return Release(str(find_root(dataset, settings.root)), (labels, metadata))


def count_images(release: Release, settings: Options) -> int:
    """Count the lines of the metadata, which have one an image."""
    return count_table_rows(release.tables[1])


def read(release: Release, settings: MimicReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; images of studies without labels are left out, and counted."""
    import pandas as pd

    labels_path, metadata_path = release.tables
    studies = read_table(labels_path, ["subject_id", "study_id"])
    studies = studies[["subject_id", "study_id"]].join(raw_labels(studies, labels_path))
    metadata = read_table(metadata_path, ["dicom_id", "subject_id", "study_id", "ViewPosition"])
    images = studies.merge(metadata[["dicom_id", "subject_id", "study_id", "ViewPosition"]])
    log.info("%d of %d images belong to a labelled study", len(images), len(metadata))
    patient, study, image = images["subject_id"], images["study_id"], images["dicom_id"]
    folder = "files/p" + patient.str[:2] + "/p" + patient + "/s" + study + "/"
    table = pd.DataFrame(
        {
            "image_id": image,
            "patient_id": patient,
            "study_id": study,
            "path": folder + image + SUFFIXES[settings.files],
            "view": views(images["ViewPosition"]),
            # Sex and age are in MIMIC-IV, not in this release.
            "sex": pd.Series(index=images.index, dtype="str"),
            "age": float("nan"),
        }
    ).join(images[["No Finding", *TASKS]])
    layout = f"files/p10/p10000032/s50414267/02aa804e-bde0afdd-112c0b34-7bc16630-4e384014{SUFFIXES[settings.files]}"
    return keep_labelled(table, release.root, settings, layout)


def image_ids(rows: "pandas.DataFrame") -> "pandas.Series":
    """See :class:`crossray.datasets.Described`."""
    return rows["dicom_id"]
