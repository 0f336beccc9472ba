"""Verdicts against what was planted in simulated hospitals."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row
from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class ShiftTruth(OfCell):
    """A cell and metric of simulated hospitals."""

    NAME: ClassVar = "shift_truth"
    KEY: ClassVar = ("model", "source", "target", "task", "metric")

    metric: str
    "`log-loss` or `AUC`."
    seed: int
    "Seed of the simulated hospitals."
    kind: str
    "What was planted."
    planted_prevalence: float | None
    "Planted prevalence term."
    planted_image: float | None
    "Planted image term."
    planted_concept: float | None
    "Planted concept term."
    found_prevalence: float | None
    "Found prevalence term."
    found_image: float | None
    "Found image term."
    found_concept: float | None
    "Found concept term."
    verdict: str | None
    "Verdict, as in `shift.csv`."
    outcome: str | None
    "`right`, `abstained` or `wrong`."


@dataclass(frozen=True)
class ShiftAcceptance(Row):
    """A seed, metric and criterion."""

    NAME: ClassVar = "shift_acceptance"
    KEY: ClassVar = ("seed", "metric", "criterion")

    seed: int
    "Seed of the simulated hospitals."
    metric: str
    "`log-loss` or `AUC`."
    criterion: str
    "What is asked of the verdicts."
    cells: Count
    "Cells behind the value."
    value: Correlation | None
    "Share or correlation found."
    bound: Correlation | None
    "What is asked for."
    met: bool | None
    "Whether it is reached."
