"""How well each model does on each target, task by task."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class _OfSeed(OfCell):
    seed: str
    "Seed of the training, or `ensemble`: the mean of the logits of all seeds."


@dataclass(frozen=True)
class Performance(_OfSeed):
    """A model, source, target, task and seed."""

    NAME: ClassVar = "performance"
    KEY: ClassVar = ("model", "source", "target", "task", "seed")
    MIGRATIONS: ClassVar = (
        "two columns more at the end, calibration_reason and caveat; both are empty for models that were trained here",
    )

    images: Count
    "Test images that the target labels for the task."
    patients: Count
    "Patients of these images."
    positives: Count
    "Images with the finding."
    negatives: Count
    "Images without the finding."
    reason: str | None
    "Code of the reason why there is no number."
    auc: Share | None
    "Area under the ROC curve; of a class, one against the rest."
    auc_low: float | None
    auc_high: float | None
    average_precision: Share | None
    "Average precision, the area under the precision-recall curve."
    average_precision_low: float | None
    average_precision_high: float | None
    calibration_error: Share | None
    "Expected calibration error of the sigmoid of the logits, ten bins of equal width."
    threshold: float | None
    "Youden's threshold, chosen on the source's validation split, or the maker's, on the model's own scale."
    threshold_reason: str | None
    "Code of the reason why there is no threshold."
    sensitivity: Share | None
    "Share of positives at or above the threshold."
    specificity: Share | None
    "Share of negatives below the threshold."
    f1: Share | None
    "F1 score at the threshold."
    accuracy: Share | None
    "Share of images that are called rightly at the threshold."
    calibration_reason: str | None
    "Code of the reason why there is no `calibration_error` beside an AUC: P."
    caveat: str | None
    "Code of what must be known of the number: U, nobody says what the model learnt from."


@dataclass(frozen=True)
class Replicates(_OfSeed):
    """A row of `performance.csv` that a report shows and that has an AUC."""

    NAME: ClassVar = "replicates"
    KEY: ClassVar = ("model", "source", "target", "task", "seed")

    replicates: list[float]
    "AUC in each resample of the target's patients; all rows of a target share their resamples."
