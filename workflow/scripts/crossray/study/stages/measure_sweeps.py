"""What the measures of sweeps are told."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class SweepPoint(Settings):
    """A point of a sweep."""

    sweep: str
    "Name of the swept model."
    point: Mapping[str, str | float | None]
    "Setting to value."


@dataclass(frozen=True, kw_only=True)
class MeasureSweeps(Analysis):
    """Settings of the rule ``measure_sweeps``."""

    points: Mapping[str, SweepPoint]
    "Model to its point of a sweep."
