"""Whether acting on a model's outputs does more good than harm, and how outputs are distributed."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Share
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class DecisionCurve(OfCell):
    """A cell at a threshold: what acting on its calls is worth (Vickers and Elkin 2006)."""

    NAME: ClassVar = "decision_curve"
    KEY: ClassVar = ("model", "source", "target", "task", "threshold")
    FROM_COUNTS: ClassVar = ("positives", "negatives", "reason", "prevalence", "prevalence_from", "treat_all")
    WITHIN_BOUNDS: ClassVar = ("called", "net_benefit", "over_all")

    positives: Count
    "Test images with the finding."
    negatives: Count
    "Test images without it."
    reason: str | None
    "Code of the reason why there is no curve."
    prevalence: Share | None
    "Share of images with the finding that counts."
    prevalence_from: str | None
    "`test images`, where these were taken as they came, or `the configuration`, for which rates are carried over."
    threshold: Share | None
    "Probability from which on somebody acts; a false alarm then weighs its odds."
    called: Share | None
    "Share of the test images that are called."
    net_benefit: float | None
    "Findings called rightly less false alarms weighed so, of all images; calling nobody has 0."
    net_benefit_low: float | None
    net_benefit_high: float | None
    treat_all: float | None
    "The same of calling everybody."
    treat_all_low: float | None
    treat_all_high: float | None
    over_all: float | None
    "`net_benefit` minus `treat_all`, on the same images."
    over_all_low: float | None
    over_all_high: float | None
    finding: str | None
    """`better than both` where the intervals of `net_benefit` and `over_all` lie above 0, `worse than one` where one
    lies below, else `cannot tell`."""


@dataclass(frozen=True)
class ScoreDistribution(OfCell):
    """Images of a cell with or without the finding whose output lies in a range."""

    NAME: ClassVar = "score_distribution"
    KEY: ClassVar = ("model", "source", "target", "task", "group", "bin")

    scale: str
    "`probability`, or `score` of outputs that only rank."
    group: str
    "`with the finding` or `without it`."
    bin: int
    "Number of the range, from 0."
    low: float | None
    "Where it begins."
    high: float | None
    "Where it ends; an output at the end is the next one's, but in the last."
    images: Count
    "Test images of the group whose output lies in it."
    share: Share | None
    "Share of them among the group's."
