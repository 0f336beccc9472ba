"""Content of the data sets."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Flow(Row):
    """A data set and split, or all its splits."""

    NAME: ClassVar = "flow"
    KEY: ClassVar = ("dataset", "split")
    FROM_COUNTS: ClassVar = ("rows", "found", "readable", "labelled", "patients")

    dataset: str
    "Name of the data set."
    split: str
    "`train`, `validation`, `test` or `all`."
    rows: Count
    "Rows of the release's table after the label policy."
    found: Count
    "Those whose file was found."
    readable: Count
    "Those that could be converted, and so have pixels."
    labelled: Count
    "Those labelled for a task of the study."
    patients: Count
    "Patients of the labelled images."


@dataclass(frozen=True)
class Datasets(Row):
    """A data set's images with some property."""

    NAME: ClassVar = "datasets"
    KEY: ClassVar = ("dataset", "property", "value")
    FROM_COUNTS: ClassVar = ("images", "patients")

    dataset: str
    "Name of the data set."
    property: str
    "`all`, `split`, `view`, `sex`, `age`, a stratum, or `rejected` (unusable images)."
    value: str
    """Value of the property, including `not recorded`; for ages a band of years, for dates half a year; `all` if none;
    for `rejected`, `all`, then each reason."""
    images: Count
    "Usable images with it; for `rejected`, unusable ones."
    patients: Count | None
    "Patients of these images; empty for `rejected`."


@dataclass(frozen=True)
class Labels(Row):
    """A data set, task and split."""

    NAME: ClassVar = "labels"
    KEY: ClassVar = ("dataset", "task", "split")
    MIGRATIONS: ClassVar = ("Run `snakemake` again: patients are counted too.",)
    FROM_COUNTS: ClassVar = (
        "positives", "negatives", "unknown", "patients", "prevalence", "prevalence_low", "prevalence_high",
    )  # fmt: skip

    dataset: str
    "Name of the data set."
    task: str
    "The finding or class."
    split: str
    "`train`, `validation`, `test` or `all`."
    positives: Count
    "Images with the finding; only usable images are counted."
    negatives: Count
    "Images without it."
    unknown: Count
    "Images not labelled for it."
    patients: Count
    "Patients of the images that are labelled for it."
    positive_patients: Count | None
    "Those of them with an image with the finding; empty for a site that sends counts."
    prevalence: Share | None
    """Share of positives among labelled images, with Wilson's interval for the effective number of images; that is
    not known of a site that sends counts of patients with several images."""
    prevalence_low: float | None
    prevalence_high: float | None
