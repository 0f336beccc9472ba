"""Outputs of two sources on the same images."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Label, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Outputs(OfModel):
    """The outputs of two sources' models on a target and task."""

    NAME: ClassVar = "outputs"
    KEY: ClassVar = ("model", "target", "task", "first", "second")

    target: str
    "Data set of the images."
    task: str
    "The finding."
    first: str
    "Source of the first model, the target's own if it has one."
    second: str
    "Source of the second model."
    images: Count
    "Test images that the target labels for the task."
    positives: Count
    "Those of them with the finding."
    difference: Correlation | None
    """Mean of the first model's output minus the second's; outputs put each model's threshold at 0.5 (Cohen et al.
    2020, equation 2)."""
    difference_low: float | None
    difference_high: float | None
    lower_limit: float | None
    "Lower limit of agreement (Bland and Altman): the mean minus 1.96 standard deviations."
    lower_limit_low: float | None
    lower_limit_high: float | None
    upper_limit: float | None
    "Upper limit of agreement: the mean plus 1.96 standard deviations."
    upper_limit_low: float | None
    upper_limit_high: float | None


@dataclass(frozen=True)
class _OfImage(OfModel):
    KEY: ClassVar = ("model", "target", "task", "first", "second", "image_id")

    target: str
    "Data set of the image."
    task: str
    "The finding."
    first: str
    "Source of the first model."
    second: str
    "Source of the second model."
    image_id: str
    "The image."
    label: Label | None
    "1 with the finding, 0 without."
    first_output: Share | None
    "Output of the first model, its threshold at 0.5."
    second_output: Share | None
    "Output of the second model, its threshold at 0.5."


@dataclass(frozen=True)
class OutputPoints(_OfImage):
    """An image by two models, of a random sample for the figure."""

    NAME: ClassVar = "output_points"


@dataclass(frozen=True)
class OutputExtremes(_OfImage):
    """An image on which two models differ most."""

    NAME: ClassVar = "output_extremes"
