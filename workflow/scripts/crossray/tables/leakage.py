"""Images and patients that data sets and splits have in common."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row


@dataclass(frozen=True)
class Leakage(Row):
    """A data set that is learnt from and one that is tested on."""

    NAME: ClassVar = "leakage"
    KEY: ClassVar = ("source", "target")

    source: str
    "Data set whose training and validation splits are looked at."
    target: str
    "Data set whose test split is looked at."
    exact: Count
    "Pairs of images with the same pixels."
    near: Count
    "Pairs of images that are nearly the same."
    shared_patients: Count
    "Patients in both."
    overlap_before: Count
    "Patients on both sides before the audit moved any."
    overlap: Count
    "Patients on both sides afterwards."
    moved: Count
    "Patients that were moved to another split."


@dataclass(frozen=True)
class LeakagePairs(Row):
    """Two images that are the same."""

    NAME: ClassVar = "pairs"
    KEY: ClassVar = ("dataset", "image_id", "other_dataset", "other_image_id")

    dataset: str
    "Data set of the first image."
    image_id: str
    "The first image."
    other_dataset: str
    "Data set of the second image."
    other_image_id: str
    "The second image."
    kind: str
    "`exact` or `near`."
    similarity: float | None
    "Correlation of the pixels."
    inverted: bool
    "Whether one is the negative of the other."
    same_patient: bool
    "Whether both are of one patient."
    same_split: bool
    "Whether both are in one split."


@dataclass(frozen=True)
class Moves(Row):
    """A patient whom the audit moved."""

    NAME: ClassVar = "moves"
    KEY: ClassVar = ("patient_id",)

    patient_id: str
    "The patient."
    split: str
    "The split that the patient is in now."
