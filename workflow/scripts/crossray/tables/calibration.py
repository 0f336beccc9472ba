"""Calibration and operating points."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Logit, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class OperatingPoints(OfCell):
    """A cell, a rule for the threshold and where it was chosen."""

    NAME: ClassVar = "operating_points"
    KEY: ClassVar = ("model", "source", "target", "task", "rule", "chosen_on")

    rule: str
    "`youden`, `fewest errors` or `precision` (the lowest threshold with a precision of 0.8)."
    chosen_on: str
    "The source's validation split, or the target's test split."
    tasks: Count | None
    "Tasks behind a mean of tasks."
    images: Count | None
    "Test images that the target labels."
    positives: Count | None
    "Those of them with the finding."
    threshold: Logit | None
    "Threshold that the rule chose."
    sensitivity: Share | None
    "Share of positives at or above the threshold."
    sensitivity_low: float | None
    sensitivity_high: float | None
    specificity: Share | None
    "Share of negatives below the threshold."
    specificity_low: float | None
    specificity_high: float | None
    precision: Share | None
    "Share of positives among images at or above the threshold."
    precision_low: float | None
    precision_high: float | None


@dataclass(frozen=True)
class Calibration(OfCell):
    """A cell and scale."""

    NAME: ClassVar = "calibration"
    KEY: ClassVar = ("model", "source", "target", "task", "scale")

    scale: str
    "`probability` (sigmoid) or `operating point` (the threshold mapped to 0.5)."
    images: Count
    "Test images that the target labels."
    positives: Count
    "Those of them with the finding."
    calibration_error: Share | None
    "Expected calibration error, ten bins of equal width."
    calibration_error_low: float | None
    calibration_error_high: float | None
    brier: Share | None
    "Brier score, the mean squared error of the output."
    brier_low: float | None
    brier_high: float | None


@dataclass(frozen=True)
class Reliability(OfCell):
    """A bin of a cell, or of all tasks of a pair."""

    NAME: ClassVar = "reliability"
    KEY: ClassVar = ("model", "source", "target", "task", "scale", "bin")

    scale: str
    "`probability` or `operating point`, as in `calibration.csv`."
    bin: Count
    "Number of the bin, from the lowest outputs on."
    images: Count
    "Images in the bin."
    probability: Share | None
    "Their mean output."
    observed: Share | None
    "Share of them with the finding."
    observed_low: float | None
    observed_high: float | None


@dataclass(frozen=True)
class Roc(OfCell):
    """A cell, or the mean over a pair's tasks, and a rate of false positives."""

    NAME: ClassVar = "roc"
    KEY: ClassVar = ("model", "source", "target", "task", "false_positive_rate")

    tasks: Count | None
    "Tasks behind a mean of tasks."
    positives: Count | None
    "Test images with the finding."
    negatives: Count | None
    "Test images without the finding."
    false_positive_rate: Share
    "Share of negatives at or above a threshold, 0 to 1 in steps of 0.02."
    sensitivity: Share
    "Share of positives there, on straight lines between the points of the empirical curve."
