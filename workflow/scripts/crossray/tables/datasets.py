"""What the data sets hold."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Flow(Row):
    """A data set and split, and all splits."""

    NAME: ClassVar = "flow"
    KEY: ClassVar = ("dataset", "split")

    dataset: str
    "Name of the data set."
    split: str
    "`train`, `validation`, `test` or `all`."
    rows: Count
    "Images in the table after the label policy."
    found: Count
    "Those of them whose file was found."
    readable: Count
    "Those of them that could be decoded."
    labelled: Count
    "Those of them that are labelled for a task of the study."
    patients: Count
    "Patients of the labelled images."


@dataclass(frozen=True)
class Datasets(Row):
    """A data set, property and value."""

    NAME: ClassVar = "datasets"
    KEY: ClassVar = ("dataset", "property", "value")

    dataset: str
    "Name of the data set."
    property: str
    "`split`, `view`, `sex`, `age`, or that images were left out."
    value: str | None
    "Value of the property; of the age, a band of years."
    images: Count
    "Usable images with it."
    patients: Count | None
    "Patients of these images."


@dataclass(frozen=True)
class Labels(Row):
    """A data set, task and split."""

    NAME: ClassVar = "labels"
    KEY: ClassVar = ("dataset", "task", "split")

    dataset: str
    "Name of the data set."
    task: str
    "The finding or class."
    split: str
    "`train`, `validation`, `test` or `all`."
    positives: Count
    "Usable images with the finding."
    negatives: Count
    "Usable images without it."
    unknown: Count
    "Usable images of which nothing is said."
    prevalence: Share | None
    "Share of positives among labelled images."
    prevalence_low: float | None
    prevalence_high: float | None
