"""Whether a model may be used at a target, and at which threshold."""

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
    """Where the threshold is from: `source's validation split`, `validation split of DATASET`, `the maker`, or
    `target, cross-fitted` (each fifth of the target's patients is judged at the threshold that the other four
    chose)."""
    criterion: str
    "`auc`, `sensitivity`, `specificity`, the same `against MODEL` or `against the claim`, `against MODEL`, or `all`."
    wanted: float | None
    "What is to be reached; of a comparison with another model the lowest difference that is allowed."
    value: float | None
    "What was measured; of a comparison the difference to the other model."
    value_low: float | None
    value_high: float | None
    positives: Count | None
    "Test images with the finding."
    negatives: Count | None
    "Test images without it."
    answer: str
    """`met` (the interval lies at or above what is wanted), `not met` (it lies below), or `cannot tell`; of all
    criteria `met` if each is, `not met` if one is not."""
    would_be: str | None
    "Of a criterion that cannot be told: what more images would show, if the truth is what was measured."
    more_positives: Count | None
    "How many more patients with the finding show that with a power of 0.8; empty where none would."
    more_negatives: Count | None
    "How many more patients without it."
    reason: str | None
    "Code of the reason why nothing was measured."


@dataclass(frozen=True)
class Thresholds(OfCell):
    """A threshold of a cell, and what it gives at the target."""

    NAME: ClassVar = "thresholds"
    MIGRATIONS: ClassVar = ("add the columns from `cost` to `net_benefit_high`, empty",)
    KEY: ClassVar = ("model", "source", "target", "task", "threshold_from")

    threshold_from: str
    "Images that it was chosen on, as in `acceptance.csv`; a threshold of the target is that of all its test images."
    threshold: float
    "An image is called positive where the output is at least this: the logit, or the score of a model that only ranks."
    probability: Share | None
    "The same as a probability; empty for scores that are none."
    positives: Count
    "Test images with the finding."
    negatives: Count
    "Test images without it."
    sensitivity: Share
    "Share of positives that are called positive; cross-fitted where the threshold is the target's."
    sensitivity_low: float
    sensitivity_high: float
    specificity: Share
    "Share of negatives that are not, in the same way."
    specificity_low: float
    specificity_high: float
    precision: Share | None
    "Share of the positive calls that are right, at the prevalence that the configuration gives."
    precision_low: float | None
    precision_high: float | None
    alerts_per_day: Positive | None
    "Positive calls a day, at that prevalence and so many images a day."
    alerts_per_day_low: float | None
    alerts_per_day_high: float | None
    missed_per_day: Positive | None
    "Images with the finding a day that are not called."
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
