"""What decides the scores of a simulated reader."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class SimulateScores(Settings):
    """Settings of the rule ``simulate_scores``."""

    tasks: tuple[str, ...]
    "The study's tasks."
    error: float
    "Standard deviation of the error added to each severity."
    drift: float
    "Overestimation of the last image's severity."
    refused: float
    "Share of images without a score."
    answers: Literal["score", "probability", "binary"]
    "Kind of output."
    seed: int
    "Seed of the errors."
