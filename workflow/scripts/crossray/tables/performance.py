"""How well each model does on each target, task by task."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class _OfSeed(OfCell):
    seed: str
    """Seed of the training; `mean of trainings`: the mean of the numbers of all seeds, which a report shows where there
    are several; or `ensemble`: another model, whose logits are the mean of those of all seeds."""


@dataclass(frozen=True)
class Performance(_OfSeed):
    """A model, source, target, task and seed."""

    NAME: ClassVar = "performance"
    KEY: ClassVar = ("model", "source", "target", "task", "seed")
    MIGRATIONS: ClassVar = (
        "Run `snakemake` again: AUCs of several seeds have rows for their mean, and intervals say what they are over; "
        "two columns more at the end, calibration_reason and caveat, are empty for models that were trained here.",
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
    interval_over: str | None
    """What `auc_low` and `auc_high` are an interval for: other `patients` of the hospital, with these trainings; or
    other `patients and trainings`, which takes a mean of three trainings at least."""
    trainings: Count
    "Trainings behind the row."
    seed_sd: Positive | None
    """Standard deviation of the AUC between trainings, beyond what patients make of it, pooled over the targets and
    tasks of the model and source on the scale of the logit; of a mean of three trainings at least."""
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
    """A row of `performance.csv` of all trainings, or of the ensemble, that has an AUC."""

    NAME: ClassVar = "replicates"
    KEY: ClassVar = ("model", "source", "target", "task", "seed")
    MIGRATIONS: ClassVar = (
        "Run `snakemake` again: limits for other patients and what trainings add stand beside them.",
    )

    replicates: list[float]
    "AUC in each resample of the target's patients; all rows of a target share their resamples."
    patients_low: float
    "Lower limit of the AUC for other patients."
    patients_high: float
    "Upper limit of the AUC for other patients."
    trainings: list[float]
    "What each training contributes to the error of the AUC; empty where other trainings are not known."
    trainings_of: str
    "Names the trainings: AUCs of the same ones vary together."
    freedom: float | None
    "Degrees of freedom of what the trainings' AUCs vary by."
    share: float | None
    "How much of that the trainings make, and not patients."
