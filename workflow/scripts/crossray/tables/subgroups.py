"""Performance by sex, age, view and strata."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Subgroups(OfCell):
    """A cell, or the mean of a pair's tasks, and a group of its images."""

    NAME: ClassVar = "subgroups"
    KEY: ClassVar = ("model", "source", "target", "task", "attribute", "group")
    FROM_COUNTS: ClassVar = ("images", "patients", "positives", "negatives", "reason")
    WITHIN_BOUNDS: ClassVar = ("auc", "auc_low", "auc_high")

    attribute: str
    "`sex`, `age`, `view`, `months` or a stratum of the data set."
    group: str
    "Value of the attribute; for age, a band of years; for months, half a year from the first; or `not recorded`."
    images: Count
    "Test images of the group labelled for the task; for a mean of tasks all images of the group."
    patients: Count
    "Patients of these images."
    positives: Count | None
    "Those of them with the finding."
    negatives: Count | None
    "Those of them without the finding."
    reason: str | None
    "Reason code if there is no number."
    auc: Share | None
    "AUC among the group's images."
    auc_low: float | None
    auc_high: float | None
    difference: Correlation | None
    "`auc` minus the AUC among all other images."
    difference_low: float | None
    difference_high: float | None
    p: Share | None
    "Two-sided p value of no difference."
    worst: bool
    "Whether the group has the lowest AUC for its attribute, if several groups have one; False of counts."
