"""A data set of an archive as the other readers see it: where it lies, how many images, and its manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossray.datasets import Release, table
from crossray.datasets.found_images import Key
from crossray.datasets.joined import Join
from crossray.datasets.labels_from import LabelSource
from crossray.datasets.pacs.options import FromArchive
from crossray.datasets.policy import keep_images
from crossray.datasets.reading import ChosenImages, KeptImages
from crossray.datasets.sheets import count_rows
from crossray.errors import UserError
from crossray.study import folders
from crossray.study.base import LeftOut, taken

SETTINGS = ("join", "column", "tasks", "several_rows")
#: frontal views, and of each patient all
POLICIES: dict[str, dict[str, Any]] = {
    "default": {"views": ["PA", "AP", "AP SUPINE"], "images_per_patient": "all", "uncertain": "ignore"}
}

#: DICOM's keyword -> column of the table of fetched images
_COLUMNS = {
    "AccessionNumber": "dicom_accession_number",
    "StudyInstanceUID": "dicom_study_instance_uid",
    "SeriesInstanceUID": "dicom_series_instance_uid",
    "SOPInstanceUID": "dicom_sop_instance_uid",
    "PatientID": "dicom_patient_id",
    "StudyID": "dicom_study_id",
}


@dataclass(frozen=True, kw_only=True)
class ArchiveReading(ChosenImages):
    """Settings of ``read``."""

    join: Key
    "Element that leads from an image to its row of labels."
    column: LeftOut[str] = None
    "Column of the labels that has its values."
    tasks: tuple[str, ...] | Mapping[str, str | LabelSource]
    "Label columns, or task to column or rule."
    several_rows: LeftOut[str] = None
    "What several rows say together."
    uncertain: str
    "What an uncertain label is."


def query_table(root: str) -> Path:
    """Return the table of a query, in the folder of its data set."""
    return Path(root, folders.QUERY)


def locate_in(private: str, dataset: str, settings: FromArchive) -> Release:
    """Return where the stages put what an archive sends.

    Args:
        private: the study's folder of what leads to patients.
        dataset: its name.
        settings: those of the data set.

    Raises:
        UserError: if there is no table of labels.
    """
    if not Path(settings.labels).is_file():
        raise UserError(
            f"datasets.{dataset}.labels: no file {settings.labels!r} (paths start from {Path.cwd()}); name the table "
            "of labels"
        )
    root = Path(private, folders.ARCHIVE.format(dataset=dataset))
    return Release(str(root), (str(root / folders.FETCHED), settings.labels))


def count_images(release: Release, settings: FromArchive) -> int:
    """Count the objects of the query.

    Raises:
        UserError: if the archive has not been asked yet.
    """
    path = query_table(release.root)
    if not path.is_file():
        raise UserError(
            f"data set {Path(release.root).name}: its archive has not been asked yet what it has; run: snakemake query "
            "--cores 1 (with your --configfile)"
        )
    return count_rows(str(path))


def read(release: Release, settings: ArchiveReading) -> KeptImages:
    """See :class:`crossray.datasets.Reader`; no image is opened, as headers were read when they were fetched."""
    columns = table.Columns(
        image_id=_COLUMNS["SOPInstanceUID"],
        patient_id=_COLUMNS["PatientID"],
        study_id=_COLUMNS["StudyInstanceUID"],
        path="dicom_file",
        view="dicom_view",
        sex="dicom_sex",
        age="dicom_age",
    )
    labels = Join(table="", key=_COLUMNS[settings.join], key_there=settings.column or settings.join)
    told = taken(table.TableReading, settings, columns=columns, join=(labels,))
    return keep_images(table.read_rows(release, told), settings)
