"""Whether a model can be used at a target, and at which threshold."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Acceptance(OfCell):
    """A criterion of a cell at a threshold, or all of its criteria together."""

    NAME: ClassVar = "acceptance"
    KEY: ClassVar = ("model", "source", "target", "task", "threshold_from", "criterion")

    threshold_from: str
    """Origin of the threshold: `source's validation split`, `validation split of DATASET`, `the maker`, or `target,
    cross-fitted` (each fifth of the target's patients is evaluated at the threshold chosen on the other four)."""
    criterion: str
    """`auc`, `sensitivity`, `specificity`, `precision`, `alerts per day`, the first three `against MODEL` or
    `against the claim`, `against MODEL`, `each group by ATTRIBUTE`, or `all`."""
    wanted: float | None
    "Required minimum, of alerts maximum; for a comparison with another model the smallest allowed difference."
    value: float | None
    "Measured value; for a comparison the difference from the other model."
    value_low: float | None
    value_high: float | None
    positives: Count | None
    "Test images with the finding."
    negatives: Count | None
    "Test images without it."
    answer: str
    """`met` (the interval lies at or above the required value), `not met` (it lies below), or `cannot tell`; for all
    criteria together `met` if each is, `not met` if one is not."""
    would_be: str | None
    "For an open criterion: what more images would show, if the true value is the measured one."
    more_positives: Count | None
    "Number of further patients with the finding that would show this with a power of 0.8; empty if none would."
    more_negatives: Count | None
    "Number of further patients without it."
    reason: str | None
    "Reason code if nothing was measured."


@dataclass(frozen=True)
class AcceptanceGroups(OfCell):
    """A criterion of a cell at a threshold in a group of its images, or all of its criteria together."""

    NAME: ClassVar = "acceptance_groups"
    KEY: ClassVar = ("model", "source", "target", "task", "threshold_from", "attribute", "group", "criterion")

    threshold_from: str
    "Origin of the threshold, as in `acceptance.csv`; it is the same for all groups."
    attribute: str
    "`sex`, `age`, `view`, `months` or a stratum of the data set."
    group: str
    "Value of the attribute, as in `subgroups.csv`; `not recorded` also if no image has one."
    named: bool
    "Whether the study requires the criteria of each group of this attribute; of others the answer is exploratory."
    criterion: str
    "`auc`, `sensitivity`, `specificity` or `all`."
    wanted: float | None
    "Required minimum."
    value: float | None
    "Measured value in the group."
    value_low: float | None
    value_high: float | None
    images: Count
    "Test images of the group whose label is known and that the model scored."
    patients: Count
    "Patients of these images."
    positives: Count
    "Those of them with the finding."
    negatives: Count
    "Those of them without it."
    answer: str
    "`met`, `not met` or `cannot tell`, as in `acceptance.csv`; not corrected for the number of groups."
    would_be: str | None
    "For an open criterion: what more images of the group would show, if the true value is the measured one."
    more_positives: Count | None
    "Number of further patients of the group with the finding that would show this with a power of 0.8."
    more_negatives: Count | None
    "Number of further patients of the group without it."
    reason: str | None
    "Reason code if nothing was measured."


@dataclass(frozen=True)
class Thresholds(OfCell):
    """A threshold of a cell, and its results at the target."""

    NAME: ClassVar = "thresholds"
    MIGRATIONS: ClassVar = ("add the columns from `cost` to `net_benefit_high`, empty",)
    KEY: ClassVar = ("model", "source", "target", "task", "threshold_from")

    threshold_from: str
    "Images that it was chosen on, as in `acceptance.csv`; a threshold of the target is chosen on all its test images."
    threshold: float
    "An image is called positive if the output is at least this: the logit, or the score of a model that only ranks."
    probability: Share | None
    "The same as a probability; empty for scores that are not probabilities."
    positives: Count
    "Test images with the finding."
    negatives: Count
    "Test images without it."
    sensitivity: Share
    "Share of positives that are called positive; cross-fitted for a threshold of the target."
    sensitivity_low: float
    sensitivity_high: float
    specificity: Share
    "Share of negatives that are called negative; cross-fitted in the same way."
    specificity_low: float
    specificity_high: float
    precision: Share | None
    "Share of positive calls that are correct, at the configured prevalence."
    precision_low: float | None
    precision_high: float | None
    alerts_per_day: Positive | None
    "Positive calls per day, at that prevalence and the configured number of images per day."
    alerts_per_day_low: float | None
    alerts_per_day_high: float | None
    missed_per_day: Positive | None
    "Images with the finding per day that are not called."
    missed_per_day_low: float | None
    missed_per_day_high: float | None
    cost: Positive | None
    "What 100 images cost at that prevalence, in false alarms, a missed finding costing as many as `miss_costs` says."
    cost_low: float | None
    cost_high: float | None
    cost_of_none: Positive | None
    "The same of calling nobody."
    cost_of_all: Positive | None
    "The same of calling everybody."
    net_benefit: float | None
    "Findings called rightly less false alarms, weighed by `miss_costs`, of all images; calling nobody has 0."
    net_benefit_low: float | None
    net_benefit_high: float | None
