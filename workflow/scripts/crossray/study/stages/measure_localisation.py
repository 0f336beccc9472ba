"""What the measures of where models look are told."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class AttributionMaps(Settings):
    """What maps there are."""

    methods: tuple[str, ...] = ()
    "Attribution methods."
    tasks: tuple[str, ...]
    "Findings with attribution maps."


@dataclass(frozen=True, kw_only=True)
class MeasureLocalisation(Analysis):
    """Settings of the rule ``measure_localisation``."""

    attribution: AttributionMaps
    "Which maps exist."
    size: int
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"]
    "How images were made square."
