"""What simulated hospitals and unpacked releases hand over."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Years


@dataclass(frozen=True)
class Truth(Row):
    """An image of a simulated hospital."""

    NAME: ClassVar = "truth"
    KEY: ClassVar = ("image_id",)
    FURTHER: ClassVar = "FINDING"
    "Severity of a finding, from 0 to 1."

    image_id: str
    "The image."


@dataclass(frozen=True)
class ReleaseRegions(Row):
    """A finding in an image of a simulated hospital."""

    NAME: ClassVar = "release_regions"
    KEY: ClassVar = ("image_id", "finding")

    image_id: str
    "The image."
    finding: str
    "The finding."
    rows: Count
    "Height of the image in pixels."
    columns: Count
    "Width of the image in pixels."
    runs: str | None
    """Pixels of the finding, row by row from 0: start and length of each run, separated by blanks; empty if it is not
    visible."""


@dataclass(frozen=True)
class ReleaseLabels(Row):
    """An image of a simulated hospital, as its release describes it."""

    NAME: ClassVar = "release_labels"
    MIGRATIONS: ClassVar = ("add the column date after age, empty",)
    KEY: ClassVar = ("image_id",)
    FURTHER: ClassVar = "FINDING"
    "1 with the finding by the hospital's label rule, 0 without, empty if unlabelled."

    image_id: str
    "The image."
    patient_id: str
    "The patient."
    study_id: str | None
    "The examination."
    path: str
    "The file, relative to the folder of DICOM files."
    view: str | None
    "`PA` or `AP`."
    sex: str | None
    "`F` or `M`."
    age: Years | None
    "Age of the patient."
    date: str | None
    "Date of the image, in the middle of its month; empty unless the hospital has `months`."


@dataclass(frozen=True)
class SimulatedScores(Row):
    """An image of a simulated hospital, as a simulated reader scores it."""

    NAME: ClassVar = "simulated_scores"
    KEY: ClassVar = ("image_id",)
    FURTHER: ClassVar = "FINDING"
    "Score of a finding, from 0 to 100, empty if the reader refused."

    image_id: str
    "The image."


@dataclass(frozen=True)
class UnpackedLabels(Row):
    """An image of a release that came in arrays, unpacked to image files."""

    NAME: ClassVar = "unpacked_labels"
    KEY: ClassVar = ("image_id",)

    image_id: str
    "The image: its index in the release."
    path: str
    "The file, relative to the folder of images."
    split: str | None
    "The release's own split, `train` or `test`; empty if it has none."
    class_: str
    "The class."
