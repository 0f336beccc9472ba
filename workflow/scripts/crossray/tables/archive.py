"""What an archive has of a data set, and what was fetched from it. Private: all of it leads to patients."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Row


@dataclass(frozen=True)
class QueriedObject(Row):
    """An object that an archive says that it has, of a study with labels."""

    NAME: ClassVar = "query"
    KEY: ClassVar = ("sop_instance_uid",)

    study_instance_uid: str
    "Its study (0020,000D)."
    series_instance_uid: str
    "Its series (0020,000E)."
    sop_instance_uid: str
    "The object (0008,0018)."
    patient_id: str | None
    "The patient (0010,0020), as the archive says."
    accession_number: str | None
    "Number of the request (0008,0050), as the archive says."
    study_id: str | None
    "Number of the study (0020,0010), as the archive says."
    modality: str | None
    "Modality (0008,0060)."
    view_position: str | None
    "View (0018,5101), where the archive says it before an object is fetched."


@dataclass(frozen=True)
class FetchedImage(Row):
    """An object that was fetched and is what the archive said. No column has the name of one of a hospital's table."""

    NAME: ClassVar = "fetched_images"
    KEY: ClassVar = ("dicom_sop_instance_uid",)

    dicom_sop_instance_uid: str
    "The object (0008,0018)."
    dicom_series_instance_uid: str
    "Its series (0020,000E)."
    dicom_study_instance_uid: str
    "Its study (0020,000D)."
    dicom_patient_id: str
    "The patient (0010,0020), as the archive says; where it does not, as the header says."
    dicom_accession_number: str | None
    "Number of the request (0008,0050), as the archive says."
    dicom_study_id: str | None
    "Number of the study (0020,0010), as the archive says."
    dicom_file: str
    "Its file, from the data set's folder."
    dicom_view: str | None
    "View, by the rule of docs/archive.md."
    dicom_sex: str | None
    "Sex of the patient (0010,0040)."
    dicom_age: str | None
    "Age of the patient (0010,1010)."


@dataclass(frozen=True)
class NotFetched(Row):
    """An object that could not be had."""

    NAME: ClassVar = "not_fetched"
    KEY: ClassVar = ("sop_instance_uid",)

    study_instance_uid: str
    "Its study."
    series_instance_uid: str
    "Its series."
    sop_instance_uid: str
    "The object."
    reason: str
    "Why it could not be had, or was not asked for."
