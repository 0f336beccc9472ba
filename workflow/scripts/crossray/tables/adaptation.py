"""What local images are worth: a model at another hospital, adapted in several ways."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Adaptation(OfCell):
    """A cell with a metric, a way of adapting and a number of local images."""

    NAME: ClassVar = "adaptation"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("model", "source", "target", "task", "metric", "way", "local_images")

    metric: str
    """`AUC`, `log-loss` (nats), or `sensitivity`, `specificity` and `balanced accuracy` (their mean) at the way's
    threshold."""
    way: str
    """`as it is` (calibrated at the source, with the source's threshold), `threshold` (Youden's of the sample),
    `recalibration`, `batch norm` (statistics of the sample, recalibrated), `head`, `fine-tuning` or `from scratch`
    (docs/adaptation.md). But for the first two, images are called positive from the sample's prevalence on."""
    local_images: Count
    "Images of the target's training and validation splits that were used, at most; 0 for `as it is`."
    draws: Count
    "Samples of this size behind the mean."
    value: float | None
    "The metric on the target's test images, mean over the samples."
    value_low: float | None
    value_high: float | None
    gain: float | None
    "How much better than `as it is`, whichever way the metric runs; intervals are over test patients and samples."
    gain_low: float | None
    gain_high: float | None
    draws_sd: Positive | None
    "Standard deviation of the metric between samples; empty with one."
    reason: str | None
    "Reason code if there is no number; F also where samples have images of one kind alone."


@dataclass(frozen=True)
class AdaptationAdvice(OfCell):
    """A cell with a goal and a number of local images: what is recommended, and how good that is on test images."""

    NAME: ClassVar = "adaptation_advice"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("model", "source", "target", "task", "metric", "local_images")

    metric: str
    "What is to be good: `log-loss` (probabilities), `AUC` (ranking) or `balanced accuracy` (threshold)."
    local_images: Count
    "As in `adaptation.csv`."
    verdict: str | None
    "`verdict` in `shift.csv` (for a threshold that by log-loss); empty if there is none."
    advised: str
    "The way that is recommended by verdict and number of images alone; no test image of the ways is looked at."
    why: str
    "Why."
    plain: float | None
    "The metric of the model as it is."
    value: float | None
    "The metric after what is recommended."
    best: str | None
    "The way with the best mean on the test images, which nobody could have known."
    best_value: float | None
    "Its metric."
    behind: Positive | None
    "How much worse what is recommended is than the best."
