"""Whether a classifier tells the data sets apart."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


@dataclass(frozen=True)
class Probe(Row):
    """A kind of features."""

    NAME: ClassVar = "probe"
    KEY: ClassVar = ("features",)

    features: str
    "Images at 16 x 16 pixels, or the features of a model."
    datasets: Count
    "Data sets to tell apart."
    images: Count
    "Test images."
    accuracy: Share | None
    "Accuracy, mean over the data sets."
    accuracy_low: float | None
    accuracy_high: float | None
    chance: Share | None
    "One over the number of data sets."
    left_out: str | None
    "Data sets without training or test images, which do not count."
    reason: str | None
    "Code of the reason why there is no number."


@dataclass(frozen=True)
class ProbeConfusion(Row):
    """A data set and what it is taken for."""

    NAME: ClassVar = "probe_confusion"
    KEY: ClassVar = ("features", "dataset", "predicted")

    features: str
    "As in `probe.csv`."
    dataset: str
    "Data set of the images."
    predicted: str
    "Data set that they are taken for."
    images: Count
    "Test images of the data set that are."
    share: Share | None
    "Share of the data set's test images."
    share_low: float | None
    share_high: float | None
