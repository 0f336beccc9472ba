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
    "Standard deviation of what is added to each severity."
    drift: float
    "What the last image's severity is read too high."
    refused: float
    "Share of the images that get no score."
    answers: Literal["score", "probability", "binary"]
    "What the reader says."
    seed: int
    "Seed of the errors."
