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
    "Data set whose test images both models score."
    task: str
    "The finding."
    kind: str
    "In what the two models differ: `sources` (each as reported) or `seeds`."
    first: str
    "Source of the first model."
    first_seed: str
    "Seed of the first model, or `ensemble`."
    second: str
    "Source of the second model."
    second_seed: str
    "Seed of the second model, or `ensemble`."
    images: Count
    "Test images that the target labels for the task."
    positives: Count
    "Those of them with the finding."
    kappa: Correlation | None
    "Cohen's kappa of the binary calls, each model at its own threshold (Youden, from its source's validation split)."
    kappa_low: float | None
    kappa_high: float | None
    kappa_at_target: Correlation | None
    "Cohen's kappa at thresholds chosen on the same images, as in the paper."
    kappa_at_target_low: float | None
    kappa_at_target_high: float | None
    tau: Correlation | None
    "Kendall's tau of the logits."


@dataclass(frozen=True)
class AgreementSummary(OfModel):
    """A mean over pairs of models, on a target and task."""

    NAME: ClassVar = "agreement_summary"
    KEY: ClassVar = ("model", "target", "task", "rule", "source")

    target: str
    "Data set whose test images the models score."
    task: str
    "The finding."
    rule: str
    """Which pairs: `own with others` (the target's own model with those of other patients), `own with the paper's
    others` (the same among the paper's four data sets), `all pairs` (of sources with other patients), or `seeds`."""
    source: str | None
    "Source whose seeds are compared; empty for all sources, and for pairs of sources."
    pairs: Count
    "Pairs behind the means."
    kappa: Correlation | None
    "Mean of `kappa` in `agreement.csv`."
    kappa_low: float | None
    kappa_high: float | None
    kappa_at_target: Correlation | None
    "Mean of `kappa_at_target` in `agreement.csv`."
    kappa_at_target_low: float | None
    kappa_at_target_high: float | None
