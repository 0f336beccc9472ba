"""What the data sets hold."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Flow(Row):
    """A data set and split, or all its splits."""

    NAME: ClassVar = "flow"
    KEY: ClassVar = ("dataset", "split")

    dataset: str
    "Name of the data set."
    split: str
    "`train`, `validation`, `test` or `all`."
    rows: Count
    "Images that the release's table has after the label policy."
    found: Count
    "Those of them whose file was found."
    readable: Count
    "Those of them that could be converted, and so have pixels."
    labelled: Count
    "Those of them that are labelled for a task of the study."
    patients: Count
    "Patients of the labelled images."


@dataclass(frozen=True)
class Datasets(Row):
    """A data set's images with some property."""

    NAME: ClassVar = "datasets"
    KEY: ClassVar = ("dataset", "property", "value")

    dataset: str
    "Name of the data set."
    property: str
    "`all`, `split`, `view`, `sex`, `age`, or `rejected` (images that could not be used)."
    value: str
    "Value of the property, `not recorded` included; of the age a band of years; `all` where there is none."
    images: Count
    "Images with it that could be used; for `rejected` those that could not."
    patients: Count | None
    "Patients of these images; empty for `rejected`."


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
    "Images with the finding; only images that could be used are counted."
    negatives: Count
    "Images without it."
    unknown: Count
    "Images that are not labelled for it."
    prevalence: Share | None
    "Share of positives among labelled images."
    prevalence_low: float | None
    prevalence_high: float | None
