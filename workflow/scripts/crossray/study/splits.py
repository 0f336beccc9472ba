"""Splits of the patients of a data set."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from crossray.study.base import Settings
from crossray.study.kinds import Share


@dataclass(frozen=True, kw_only=True)
class Split(Settings):
    """How patients are split."""

    seed: Annotated[int, Ge(0)] = 0
    "Seed of the assignment of patients."
    train: Share = 0.7
    "Share of patients for training; the three add up to 1."
    validation: Share = 0.1
    "Share of patients for choosing epochs and thresholds."
    test: Share = 0.2
    "Share of patients for testing."
