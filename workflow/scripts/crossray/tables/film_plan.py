"""How many films have to be read for intervals of a wanted width."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Row


@dataclass(frozen=True)
class SampleSizes(Row):
    """A measure of a task that has a wanted width, or all of them (Riley and others 2021)."""

    NAME: ClassVar = "sample_sizes"
    KEY: ClassVar = ("task", "measure")

    task: str
    "The finding."
    measure: str
    "`auc`, `sensitivity`, `specificity`, `observed_expected`, `slope`, `net_benefit`, or `all` of the task's measures."
    expected: float | None
    "Expected value, with the 95 % interval that so many images are expected to give it."
    expected_low: float | None
    expected_high: float | None
    wanted_width: Positive | None
    "Wanted width of the interval, from limit to limit."
    positives: Count
    "Images with the finding, of as many as come at the expected prevalence."
    negatives: Count
    "Images without it."
    images: Count
    "Images to read, taken as they come."
    patients: Count
    "Patients, with the mean number of images each."
