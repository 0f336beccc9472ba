"""How well each model does on each target, task by task."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class _OfSeed(OfCell):
    seed: str
    """Seed of the training; `mean of trainings`: the mean over all seeds, which is reported if there are several; or
    `ensemble`: a model with the mean logits of all seeds."""


@dataclass(frozen=True)
class Performance(_OfSeed):
    """A model, source, target, task and seed."""

    NAME: ClassVar = "performance"
    KEY: ClassVar = ("model", "source", "target", "task", "seed")
    MIGRATIONS: ClassVar = (
        "Run `snakemake` again: AUCs of several seeds have rows for their mean, and intervals say what they are over; "
        "two columns more at the end, calibration_reason and caveat, are empty for models that were trained here.",
    )

    FROM_COUNTS: ClassVar = (
        "images", "patients", "positives", "negatives", "reason", "interval_over", "trainings", "threshold",
        "threshold_reason", "caveat",
    )  # fmt: skip
    WITHIN_BOUNDS: ClassVar = ("auc", "auc_low", "auc_high", "sensitivity", "specificity", "f1", "accuracy")

    images: Count
    "Test images that the target labels for the task."
    patients: Count
    "Patients of these images."
    positives: Count
    "Images with the finding."
    negatives: Count
    "Images without the finding."
    reason: str | None
    "Reason code if there is no number."
    auc: Share | None
    "Area under the ROC curve; for a class, one-vs-rest."
    auc_low: float | None
    auc_high: float | None
    interval_over: str | None
    """What `auc_low` and `auc_high` generalise to: other `patients` of the hospital, with these trainings; or other
    `patients and trainings`, for a mean of at least three trainings."""
    trainings: Count
    "Trainings behind the row."
    seed_sd: Positive | None
    """Standard deviation of the AUC between trainings, beyond that due to patients, pooled over the targets and tasks
    of the model and source on the logit scale; for a mean of at least three trainings."""
    seed_freedom: Positive | None
    "Degrees of freedom of `seed_sd`."
    average_precision: Share | None
    "Average precision, the area under the precision-recall curve."
    average_precision_low: float | None
    average_precision_high: float | None
    calibration_error: Share | None
    "Calibration error of the sigmoid of the logits, as in `calibration.csv`."
    threshold: float | None
    "Youden's threshold, chosen on the source's validation split, or the maker's, on the model's own scale."
    threshold_reason: str | None
    "Reason code if there is no threshold."
    sensitivity: Share | None
    "Share of positives at or above the threshold."
    specificity: Share | None
    "Share of negatives below the threshold."
    f1: Share | None
    "F1 score at the threshold."
    accuracy: Share | None
    "Share of images that are called correctly at the threshold."
    calibration_reason: str | None
    "Reason code if there is an AUC but no `calibration_error`: P."
    caveat: str | None
    "Code of a caveat: U, the model's training data are unknown."


@dataclass(frozen=True)
class Replicates(_OfSeed):
    """A row of `performance.csv` of all trainings, or of the ensemble, that has an AUC."""

    NAME: ClassVar = "replicates"
    KEY: ClassVar = ("model", "source", "target", "task", "seed")
    MIGRATIONS: ClassVar = (
        "Run `snakemake` again: limits for other patients and what trainings add stand beside them.",
    )

    replicates: list[float]
    "AUC in each resample of the target's patients; all rows of a target share their resamples."
    patients_low: float
    "Lower limit of the AUC over patients."
    patients_high: float
    "Upper limit of the AUC over patients."
    trainings: list[float]
    "Each training's contribution to the error of the AUC; empty if the variation between trainings is unknown."
    trainings_of: str
    "Identifies the trainings: AUCs of the same trainings are correlated."
    freedom: float | None
    "Degrees of freedom of the variance between trainings."
    share: float | None
    "Share of that variance due to trainings, not patients."
