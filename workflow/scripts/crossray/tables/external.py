"""External models."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row, Share, Years
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Claims(OfCell):
    """A claim of a model's maker, at a target."""

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
    "Reason code if there is no number."
    claimed: Share
    "The maker's claim."
    measured: Share | None
    "Measured value on the images that the model scored."
    measured_low: float | None
    measured_high: float | None
    finding: str | None
    "`below the claim` or `above the claim` if the interval does not contain the claim, else `not told from the claim`."
    caveat: str | None
    "Code of a caveat: U, the model's training data are unknown."


@dataclass(frozen=True)
class Refusals(OfCell):
    """Labelled test images of a cell: those that a model scored, those that it did not, or all."""

    NAME: ClassVar = "refusals"
    KEY: ClassVar = ("model", "source", "target", "task", "group")

    group: str
    """`scored`, `refused` (no score was given) or `all`. If a model refused fewer images than `small_cells` of data
    that are not public, others drawn at random count as refused beside them, in all tables."""
    images: Count
    "Images of the group whose label is known; studies or patients if that is `evaluation.unit`."
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
    "AUC over all images if the refused ones were ranked as badly as possible; in the row of the refused."
    auc_best: Share | None
    "AUC over all images if the refused ones were ranked as well as possible."
    sensitivity_worst: Share | None
    "Sensitivity over all images if all refused ones were wrong."
    sensitivity_best: Share | None
    "Sensitivity over all images if all refused ones were right."
    specificity_worst: Share | None
    "Specificity over all images if all refused ones were wrong."
    specificity_best: Share | None
    "Specificity over all images if all refused ones were right."


@dataclass(frozen=True)
class Versions(Row):
    """Two models on the images that both scored, one of them external: for instance two versions of a software."""

    NAME: ClassVar = "versions"
    KEY: ClassVar = ("model", "source", "other_model", "other_source", "target", "task")

    model: str
    "The first model."
    source: str
    "Its training data."
    other_model: str
    "The second model."
    other_source: str
    "Its training data."
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
    "p value of no difference, patients as clusters, not corrected for multiplicity."
    both: Count | None
    "Images that both call positive, each at its own threshold; empty if one has no threshold."
    first_only: Count | None
    "Images that only the first calls positive."
    second_only: Count | None
    "Images that only the second calls positive."
    neither: Count | None
    "Images that neither calls positive."
