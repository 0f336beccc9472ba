"""Outputs of two sources on the same images."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Label, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Outputs(OfModel):
    """A pair of sources on a target and task."""

    NAME: ClassVar = "outputs"
    KEY: ClassVar = ("model", "target", "task", "first", "second")

    target: str
    "Data set of the images."
    task: str
    "The finding."
    first: str
    "First source."
    second: str
    "Second source."
    images: Count
    "Images that both score."
    positives: Count
    "Those of them with the finding."
    difference: Correlation | None
    "Mean of first minus second, on the scale of the operating point."
    difference_low: float | None
    difference_high: float | None
    lower_limit: float | None
    "Lower limit of agreement (Bland and Altman)."
    lower_limit_low: float | None
    lower_limit_high: float | None
    upper_limit: float | None
    "Upper limit of agreement."
    upper_limit_low: float | None
    upper_limit_high: float | None


@dataclass(frozen=True)
class OutputPoints(OfModel):
    """An image of a sample, by two sources."""

    NAME: ClassVar = "output_points"
    KEY: ClassVar = ("model", "target", "task", "first", "second", "image_id")

    target: str
    "Data set of the image."
    task: str
    "The finding."
    first: str
    "First source."
    second: str
    "Second source."
    image_id: str
    "The image."
    label: Label | None
    "1 with the finding, 0 without."
    first_output: Share | None
    "Output of the first, on the scale of the operating point."
    second_output: Share | None
    "Output of the second."


@dataclass(frozen=True)
class OutputExtremes(OfModel):
    """An image on which two sources differ most."""

    NAME: ClassVar = "output_extremes"
    KEY: ClassVar = ("model", "target", "task", "first", "second", "image_id")

    target: str
    "Data set of the image."
    task: str
    "The finding."
    first: str
    "First source."
    second: str
    "Second source."
    image_id: str
    "The image."
    label: Label | None
    "1 with the finding, 0 without."
    first_output: Share | None
    "Output of the first, on the scale of the operating point."
    second_output: Share | None
    "Output of the second."
