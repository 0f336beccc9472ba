"""What all analyses of predictions are told of the study."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings
from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class Intervals(Settings):
    """When a number is given, and how its interval is found."""

    minimum: int
    "Patients with a finding, and without it, that a target's test split needs for a number."
    resamples: int
    "Bootstrap resamples of patients."
    seed: int
    "Seed of the bootstrap."


@dataclass(frozen=True, kw_only=True)
class Analysis(Published):
    """What all analyses of predictions are told of the study."""

    models: tuple[str, ...]
    "The models that are analysed."
    sources: tuple[str, ...]
    "The study's sources."
    sources_of: Mapping[str, tuple[str, ...]]
    "Model to the sources that it is trained on."
    origins: Mapping[str, tuple[str, ...]]
    "Model to the sources of the models that its weights come from, the nearest first."
    members: Mapping[str, tuple[str, ...]]
    "Source to the data sets that it consists of."
    targets: tuple[str, ...]
    "The study's targets."
    seeds: tuple[int, ...]
    "Seeds of the trainings."
    tasks: tuple[str, ...]
    "The study's tasks."
    objective: Literal["multilabel", "multiclass"]
    "Whether tasks are findings, or classes of which an image has one."
    registers: Mapping[str, str]
    "Data set to whose patients it has."
    paper: Mapping[str, str]
    "Data sets that Cohen et al. (2020) had too, to its names."
    evaluation: Intervals
    "When a number is given, and how its interval is found."
    overlap: Literal["move", "refuse", "keep"]
    "What was done about patients who are in different splits."
