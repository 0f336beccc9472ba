"""Verdicts against what was planted in simulated hospitals."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class ShiftTruth(OfCell):
    """A cell of two simulated hospitals with the same seed, and a metric."""

    NAME: ClassVar = "shift_truth"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("from 1: rerun the analysis; planted and found case mix are new",)
    KEY: ClassVar = ("model", "source", "target", "task", "metric")

    metric: str
    "`log-loss` (nats) or `AUC` (terms are of 1 - AUC)."
    seed: int
    "Seed of the simulated hospitals."
    kind: str
    "How the hospitals differ: `prevalence`, `image`, `concept`, `mixture`, `along severity`, `site mark` or `nothing`."
    planted_prevalence: float | None
    "Prevalence term from the true severities."
    planted_case_mix: float | None
    "Case mix term from the true severities; no simulated hospital has another case mix, so 0."
    planted_image: float | None
    "Image term from the true severities."
    planted_concept: float | None
    "Concept term from the true severities."
    found_prevalence: float | None
    "`prevalence` in `shift.csv`."
    found_case_mix: float | None
    "`case_mix` in `shift.csv`."
    found_image: float | None
    "`image` in `shift.csv`."
    found_concept: float | None
    "`concept` in `shift.csv`."
    verdict: str | None
    "`verdict` in `shift.csv`."
    outcome: str | None
    "`right`, `abstained` or `wrong`."


@dataclass(frozen=True)
class ShiftAcceptance(Row):
    """A criterion that verdicts are judged by, for a seed and metric."""

    NAME: ClassVar = "shift_acceptance"
    FROM_IMAGES: ClassVar = True
    KEY: ClassVar = ("seed", "metric", "criterion")

    seed: int
    "Seed of the simulated hospitals."
    metric: str
    "`log-loss` or `AUC`."
    criterion: str
    "Criterion for the verdicts or the terms."
    cells: Count
    "Cells behind the value."
    value: Correlation | None
    "Measured share or correlation (Pearson)."
    bound: Correlation | None
    "Required minimum or, for wrong causes, maximum; empty if nothing is required."
    met: bool | None
    "Whether the bound is met; empty without a bound or a value."
