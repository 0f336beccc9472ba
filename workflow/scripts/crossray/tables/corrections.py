"""What corrections give back."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count
from crossray.tables.keys import OfCell, OfModel


@dataclass(frozen=True)
class Corrections(OfCell):
    """A cell with a verdict, a metric and a correction."""

    NAME: ClassVar = "corrections"
    KEY: ClassVar = ("model", "source", "target", "task", "metric", "correction")

    metric: str
    "`log-loss` or `AUC`."
    correction: str
    "What was corrected, or the name of a model that differs in its training alone."
    images: Count
    "Images that were scored anew."
    before: float | None
    "Log-loss, or 1 - AUC, before the correction."
    after: float | None
    "The same after it."
    returned: float | None
    "`before` minus `after`."
    returned_low: float | None
    returned_high: float | None
    drop: float | None
    "The drop, as in `shift.csv`."
    prevalence: float | None
    "Its prevalence term."
    image: float | None
    "Its image term."
    concept: float | None
    "Its concept term."
    verdict: str | None
    "Its verdict."


@dataclass(frozen=True)
class CorrectionsByVerdict(OfModel):
    """A model, metric, correction and verdict."""

    NAME: ClassVar = "corrections_by_verdict"
    KEY: ClassVar = ("model", "metric", "correction", "verdict")

    metric: str
    "`log-loss` or `AUC`."
    correction: str
    "The correction."
    verdict: str
    "A cause, no cause named, or `all`."
    cells: Count
    "Cells behind the mean."
    returned: float | None
    "Mean of what is returned."
    returned_low: float | None
    returned_high: float | None
    with_prevalence: Correlation | None
    "Over all cells, Spearman's correlation of what is returned with the prevalence term."
    with_image: Correlation | None
    "The same with the image term."
    with_concept: Correlation | None
    "The same with the concept term."
