"""What all analyses of predictions are told of the study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from crossray.study.base import LeftOut, Settings
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
    unit: Literal["image", "study", "patient"] = "image"
    "What is counted and called."
    combine: Literal["max", "mean"] = "max"
    "What becomes of several images of a unit."


@dataclass(frozen=True, kw_only=True)
class ExternalModel(Settings):
    """What an analysis must know of a model that was trained elsewhere."""

    source: str
    "The data set that stands for what it was made on, or `elsewhere`."
    scale: Literal["logit", "probability", "score", "binary"]
    "What its outputs are."
    targets: tuple[str, ...]
    "Data sets for which it has outputs."
    refused: tuple[str, ...] = ()
    "Of these, those whose patients it learnt from, so that no number is given."
    is_known: bool = False
    "Whether it is told what it learnt from."
    thresholds: Mapping[str, float] | None = None
    "Task to the maker's threshold, on the scale of the outputs."
    chosen_on: LeftOut[str] = None
    "Data set on whose validation split thresholds are chosen."


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
    cohorts: Mapping[str, str]
    "Data set to whose patients it has."
    paper: Mapping[str, str]
    "Data sets that Cohen et al. (2020) had too, to its names."
    evaluation: Intervals
    "When a number is given, and how its interval is found."
    overlap: Literal["move", "refuse", "keep"]
    "What was done about patients who are in different splits."
    external: Mapping[str, ExternalModel] = field(default_factory=dict)
    "Models that were trained elsewhere, which are among the models too."
