"""Whether a classifier tells the data sets apart."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Probe(Row):
    """A classifier that tells the data sets apart, by its features."""

    NAME: ClassVar = "probe"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("features",)

    features: str
    "`images, 16 x 16 pixels`, or the features of a model, as `MODEL of SOURCE`."
    datasets: Count
    "Data sets to distinguish: those with training and test images."
    images: Count
    "Test images."
    accuracy: Share | None
    "Mean over the data sets of the share of their test images that are predicted correctly."
    accuracy_low: float | None
    accuracy_high: float | None
    chance: Share | None
    "Accuracy of guessing: one over the number of data sets."
    left_out: str | None
    "Data sets without training or without test images, which are not counted."
    reason: str | None
    "Reason code if there is no number."


@dataclass(frozen=True)
class ProbeConfusion(Row):
    """A data set, and one that its images are taken for."""

    NAME: ClassVar = "probe_confusion"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("features", "dataset", "predicted")

    features: str
    "As in `probe.csv`."
    dataset: str
    "Data set of the images."
    predicted: str
    "Data set that is predicted for them."
    images: Count
    "Test images of the data set with this prediction."
    share: Share | None
    "Their share of the data set's test images."
    share_low: float | None
    share_high: float | None
