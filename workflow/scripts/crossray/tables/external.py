"""Models that were trained elsewhere."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row, Share, Years
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Claims(OfCell):
    """A number that the maker of a model claims, at a target."""

    NAME: ClassVar = "claims"
    KEY: ClassVar = ("model", "source", "target", "task", "measure")

    measure: str
    "`auc`, `sensitivity` or `specificity`; the last two at the threshold that comes with the model."
    images: Count
    "Test images that the target labels for the task and the model scored."
    patients: Count
    "Patients of these images."
    positives: Count
    "Images with the finding."
    negatives: Count
    "Images without the finding."
    reason: str | None
    "Code of the reason why there is no number."
    claimed: Share
    "What the maker claims."
    measured: Share | None
    "What is measured on the images that the model scored."
    measured_low: float | None
    measured_high: float | None
    finding: str | None
    "`below the claim` or `above the claim` where the interval does not hold it, else `not told from the claim`."
    caveat: str | None
    "Code of what must be known of the number: U, nobody says what the model learnt from."


@dataclass(frozen=True)
class Refusals(OfCell):
    """Labelled test images of a cell: those that a model scored, those that it did not, or all."""

    NAME: ClassVar = "refusals"
    KEY: ClassVar = ("model", "source", "target", "task", "group")

    group: str
    "`scored`, `refused` (no score was given) or `all`."
    images: Count
    "Images of the group whose label is known; what is counted where `evaluation.unit` is another."
    patients: Count
    "Patients of these images."
    positives: Count
    "Images with the finding."
    negatives: Count
    "Images without the finding."
    share: Share | None
    "Share of the group among all labelled test images."
    share_low: float | None
    share_high: float | None
    prevalence: Share | None
    "Share of the group's images with the finding."
    prevalence_low: float | None
    prevalence_high: float | None
    age: Years | None
    "Mean age."
    women: Share | None
    "Share of women among images whose patient's sex is known."
    auc_worst: Share | None
    "AUC over all images if the refused ones were ranked as wrongly as can be; in the row of the refused."
    auc_best: Share | None
    "AUC over all images if the refused ones were ranked as rightly as can be."
    sensitivity_worst: Share | None
    "Sensitivity over all images if all refused ones were called wrongly."
    sensitivity_best: Share | None
    "Sensitivity over all images if all refused ones were called rightly."
    specificity_worst: Share | None
    "Specificity over all images if all refused ones were called wrongly."
    specificity_best: Share | None
    "Specificity over all images if all refused ones were called rightly."


@dataclass(frozen=True)
class Versions(Row):
    """Two models on the images that both scored, one of them trained elsewhere: two versions of one software, say."""

    NAME: ClassVar = "versions"
    KEY: ClassVar = ("model", "source", "other_model", "other_source", "target", "task")

    model: str
    "The first model."
    source: str
    "What it was trained on."
    other_model: str
    "The second model."
    other_source: str
    "What that was trained on."
    target: str
    "Data set whose test split both were tested on."
    task: str
    "The finding."
    images: Count
    "Labelled test images that both scored."
    difference: Correlation
    "AUC of the first minus that of the second, on the same images."
    difference_low: float | None
    difference_high: float | None
    p: Share | None
    "p value of no difference, patients as clusters, not corrected for the number of comparisons."
    both: Count | None
    "Images that both call positive, each at its own threshold; empty where one has none."
    first_only: Count | None
    "Images that the first alone calls positive."
    second_only: Count | None
    "Images that the second alone calls positive."
    neither: Count | None
    "Images that neither calls positive."
