"""Effect of corrections."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count
from crossray.tables.keys import OfCell, OfModel


@dataclass(frozen=True)
class Corrections(OfCell):
    """A cell that has a verdict, with a metric and a correction."""

    NAME: ClassVar = "corrections"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("from 1: rerun the analysis; case mix is new, verdicts are more cautious",)
    KEY: ClassVar = ("model", "source", "target", "task", "metric", "correction")

    metric: str
    "`log-loss` or `AUC`."
    correction: str
    """What was corrected: `polarity`, `resolution` (the source's power at each spatial frequency), `batch norm`
    (statistics of the target), `implied prevalence` (see `implied` in `shift_evidence.csv`), `recalibrated`
    (intercept and slope from labels of half of the target's patients, for the other half); or the name of a model
    that differs from the first only in its training."""
    images: Count
    "Test images that the target labels for the task."
    before: float | None
    "Log-loss (nats) or 1 - AUC at the target before the correction, of the model calibrated at its source."
    after: float | None
    "The same after the correction."
    returned: float | None
    "What the correction recovers: `before` minus `after`."
    returned_low: float | None
    returned_high: float | None
    drop: float | None
    "`drop` in `shift.csv`."
    prevalence: float | None
    "`prevalence` in `shift.csv`."
    case_mix: float | None
    "`case_mix` in `shift.csv`."
    image: float | None
    "`image` in `shift.csv`."
    concept: float | None
    "`concept` in `shift.csv`."
    verdict: str
    "`verdict` in `shift.csv`."


@dataclass(frozen=True)
class CorrectionsByVerdict(OfModel):
    """The cells of a model, metric and correction that share a verdict."""

    NAME: ClassVar = "corrections_by_verdict"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("from 1: rerun the analysis; case mix is new, verdicts are more cautious",)
    KEY: ClassVar = ("model", "metric", "correction", "verdict")

    metric: str
    "`log-loss` or `AUC`."
    correction: str
    "As in `corrections.csv`."
    verdict: str
    "`prevalence`, `case_mix`, `image`, `concept` or `labels or unseen images`; `no cause named`; or `all` cells."
    cells: Count
    "Cells behind the mean."
    returned: float | None
    "Mean of `returned` in `corrections.csv`."
    returned_low: float | None
    returned_high: float | None
    with_prevalence: Correlation | None
    """Spearman's correlation of `returned` with the prevalence term over all cells; in rows of `all`, with five cells
    or more."""
    with_case_mix: Correlation | None
    "The same with the case mix term."
    with_image: Correlation | None
    "The same with the image term."
    with_concept: Correlation | None
    "The same with the concept term."
