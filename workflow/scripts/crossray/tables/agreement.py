"""How far models agree on the same images."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Agreement(OfModel):
    """A pair of models on a target and task."""

    NAME: ClassVar = "agreement"
    KEY: ClassVar = ("model", "target", "task", "first", "first_seed", "second", "second_seed")

    target: str
    "Data set of the images."
    task: str
    "The finding."
    kind: str
    "`sources` or `seeds`: what the two differ in."
    first: str
    "Source of the first model."
    first_seed: str
    "Seed of the first model, or `ensemble`."
    second: str
    "Source of the second model."
    second_seed: str
    "Seed of the second model, or `ensemble`."
    images: Count
    "Images that both score."
    positives: Count
    "Those of them with the finding."
    kappa: Correlation | None
    "Cohen's kappa, each model at its own threshold."
    kappa_low: float | None
    kappa_high: float | None
    kappa_at_target: Correlation | None
    "Cohen's kappa at thresholds chosen on these images, as in the paper."
    kappa_at_target_low: float | None
    kappa_at_target_high: float | None
    tau: Correlation | None
    "Kendall's tau of the scores."


@dataclass(frozen=True)
class AgreementSummary(OfModel):
    """A target, task and rule of averaging."""

    NAME: ClassVar = "agreement_summary"
    KEY: ClassVar = ("model", "target", "task", "rule", "source")

    target: str
    "Data set of the images."
    task: str
    "The finding."
    rule: str
    "Which pairs: own with others, the same among the paper's four data sets, all pairs, or seeds."
    source: str | None
    "Source of the seeds; empty for all sources."
    pairs: Count
    "Pairs behind the means."
    kappa: Correlation | None
    "Cohen's kappa, each model at its own threshold."
    kappa_low: float | None
    kappa_high: float | None
    kappa_at_target: Correlation | None
    "Cohen's kappa at thresholds chosen on these images, as in the paper."
    kappa_at_target_low: float | None
    kappa_at_target_high: float | None
