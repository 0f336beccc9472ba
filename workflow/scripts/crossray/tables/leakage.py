"""Images and patients shared between data sets and splits."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Leakage(Row):
    """A training and a test data set, also a data set with itself."""

    NAME: ClassVar = "leakage"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("add the column `reason` at the end, empty",)
    KEY: ClassVar = ("source", "target")

    source: str
    "Data set used for training."
    target: str
    "Data set used for testing."
    exact: Count | None
    "Images of the target with the same pixels as an image of the source; within a data set, as another image."
    near: Count | None
    "Further images of the target that are near-duplicates of an image of the source."
    shared_patients: Count | None
    "Patients in both data sets, by their identifiers; 0 for a data set and itself."
    overlap_before: Count | None
    """Test images of the target whose patient, or a patient with the same radiograph, is in the source's training or
    validation split, with the splits before the audit."""
    overlap: Count | None
    "The same with the splits that the study uses."
    moved: Count | None
    "Images of the target that the audit moved to another split."
    reason: str | None
    "Reason code if nothing is known: S, the images of one of the two stay at their site."


@dataclass(frozen=True)
class LeakagePairs(Row):
    """Two images that show the same radiograph."""

    NAME: ClassVar = "pairs"
    FROM_IMAGES: ClassVar = True
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
    "`exact` (the same pixels) or `near`."
    similarity: Share
    "Absolute correlation of downsampled versions of the two images; 1 for `exact`."
    inverted: bool
    "Whether one is the negative of the other."
    same_patient: bool
    "Whether both are of the same patient, by the identifiers."
    same_split: bool
    "Whether both are in the same split, before the audit."


@dataclass(frozen=True)
class Moves(Row):
    """A patient of a data set whom the audit moved."""

    NAME: ClassVar = "moves"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("patient_id",)

    patient_id: str
    "The patient."
    split: str
    "Split that the patient was moved to: `train`, `validation` or `test`."
