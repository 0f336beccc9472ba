"""Calibration and operating points."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Logit, Positive, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class OperatingPoints(OfCell):
    """A cell, or the mean of a pair's tasks, a rule for the threshold and where it was chosen."""

    NAME: ClassVar = "operating_points"
    KEY: ClassVar = ("model", "source", "target", "task", "rule", "chosen_on")
    FROM_COUNTS: ClassVar = ("tasks", "images", "positives", "threshold")
    WITHIN_BOUNDS: ClassVar = ("sensitivity", "specificity", "precision")

    rule: str
    "`youden`, `fewest errors`, or `precision` (the lowest threshold with a precision of at least 0.8)."
    chosen_on: str
    "Images that the threshold was chosen on: `source's validation split` or `target's test split`."
    tasks: Count | None
    "Tasks behind a mean of tasks; empty for a single task."
    images: Count | None
    "Test images that the target labels for the task."
    positives: Count | None
    "Those of them with the finding."
    threshold: Logit | None
    "The threshold; empty if no threshold satisfies the rule."
    sensitivity: Share | None
    "Share of positives at or above the threshold."
    sensitivity_low: float | None
    sensitivity_high: float | None
    specificity: Share | None
    "Share of negatives below the threshold."
    specificity_low: float | None
    specificity_high: float | None
    precision: Share | None
    "Share of positives among the images at or above the threshold."
    precision_low: float | None
    precision_high: float | None


@dataclass(frozen=True)
class Calibration(OfCell):
    """A cell and scale."""

    NAME: ClassVar = "calibration"
    KEY: ClassVar = ("model", "source", "target", "task", "scale")
    MIGRATIONS: ClassVar = ("Run `snakemake` again: slope, intercept and observed over expected are new columns.",)
    FROM_COUNTS: ClassVar = ("images", "positives")
    WITHIN_BOUNDS: ClassVar = ("brier", "observed_expected")

    scale: str
    """Output used as the probability: `probability` (sigmoid of the logit) or `operating point` (a map of it that puts
    the threshold at 0.5; Cohen et al. 2020, equation 2)."""
    images: Count
    "Test images that the target labels for the task."
    positives: Count
    "Those of them with the finding."
    calibration_error: Share | None
    """Root mean square of observed share minus mean output over ten bins of equal width, debiased: near 0 for a
    calibrated model, however few images there are."""
    calibration_error_low: float | None
    calibration_error_high: float | None
    brier: Share | None
    "Brier score: mean squared difference of output and label."
    brier_low: float | None
    brier_high: float | None
    slope: float | None
    """Slope of the logistic regression of the label on the logit: 1 if calibrated, below 1 if outputs are too extreme.
    Only for `probability`, like the next two; empty if the outputs separate the classes perfectly."""
    slope_low: float | None
    slope_high: float | None
    intercept: Logit | None
    "Shift of all logits that makes the mean probability equal the share of positives: 0 if calibrated."
    intercept_low: float | None
    intercept_high: float | None
    observed_expected: Positive | None
    "Positives divided by the sum of the probabilities: 1 if calibrated, below 1 if outputs are too high."
    observed_expected_low: float | None
    observed_expected_high: float | None


@dataclass(frozen=True)
class Reliability(OfCell):
    """A non-empty bin of outputs of a cell, or of all tasks of a pair."""

    NAME: ClassVar = "reliability"
    KEY: ClassVar = ("model", "source", "target", "task", "scale", "bin")

    scale: str
    "`probability` or `operating point`, as in `calibration.csv`."
    bin: Count
    "Index of the bin, 0 to 9, from the lowest outputs up; each is 0.1 wide."
    images: Count
    "Images in the bin."
    probability: Share | None
    "Mean output of these images."
    observed: Share | None
    "Share of them with the finding."
    observed_low: float | None
    observed_high: float | None


@dataclass(frozen=True)
class Roc(OfCell):
    """A point of the ROC curve of a cell, or of the mean curve of a pair's tasks."""

    NAME: ClassVar = "roc"
    KEY: ClassVar = ("model", "source", "target", "task", "false_positive_rate")

    tasks: Count | None
    "Tasks behind a mean curve; empty for a single task."
    positives: Count | None
    "Test images with the finding."
    negatives: Count | None
    "Test images without the finding."
    false_positive_rate: Share
    "Share of negatives that are called positive, 0 to 1 in steps of 0.02."
    sensitivity: Share
    "Share of positives that are called positive there, by linear interpolation of the empirical curve."
