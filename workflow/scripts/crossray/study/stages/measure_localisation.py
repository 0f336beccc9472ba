"""What the measures of where models look are told."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class Attributed(Settings):
    """What maps there are."""

    methods: tuple[str, ...] = ()
    "How evidence was attributed to pixels."
    tasks: tuple[str, ...]
    "The findings that were asked about."


@dataclass(frozen=True, kw_only=True)
class MeasureLocalisation(Analysis):
    """Settings of the rule ``measure_localisation``."""

    attribution: Attributed
    "What maps there are."
    size: int
    "Pixels along each side of an image."
    fit: Literal["crop", "pad"]
    "How images were made square."
