"""Content of the data sets."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Flow(Row):
    """A data set and split, or all its splits."""

    NAME: ClassVar = "flow"
    KEY: ClassVar = ("dataset", "split")
    MIGRATIONS: ClassVar = ("Run `snakemake` again: patients of all rows are counted too.",)
    FROM_COUNTS: ClassVar = ("rows", "found", "readable", "labelled", "row_patients", "patients")

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
    row_patients: Count
    "Patients of the rows."
    patients: Count
    "Patients of the labelled images."


@dataclass(frozen=True)
class Datasets(Row):
    """A data set's images with some property, in a split or in all."""

    NAME: ClassVar = "datasets"
    KEY: ClassVar = ("dataset", "split", "property", "value")
    MIGRATIONS: ClassVar = ("Run `snakemake` again: splits are counted too, and what was left out for other reasons.",)
    FROM_COUNTS: ClassVar = ("images", "patients")

    dataset: str
    "Name of the data set."
    split: str
    "`train`, `validation`, `test` or `all`."
    property: str
    """`all`, `split`, `view`, `sex`, `age`, a stratum, `not kept` (images of the release that the label policy does not
    keep), `rejected` (unusable images), or `unlabelled` (usable images without a label of a task of the study)."""
    value: str
    """Value of the property, including `not recorded`; for ages a band of years, for dates half a year; `all` if none;
    for images left out, `all`, then each reason: of `unlabelled`, `uncertain` for a task at least, or else `blank`."""
    images: Count
    "Usable images with it; for `not kept` and `rejected` those that were left out."
    patients: Count | None
    """Patients of these images; for `not kept`, patients of whom no image is kept; empty for `rejected` and
    `unlabelled`."""


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
