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
    "Minimum number of patients with a finding, and without it, in a target's test split."
    resamples: int
    "Bootstrap resamples of patients."
    seed: int
    "Seed of the bootstrap."
    unit: Literal["image", "study", "patient"] = "image"
    "Unit of evaluation."
    combine: Literal["max", "mean"] = "max"
    "How outputs for several images of a unit are aggregated."


@dataclass(frozen=True, kw_only=True)
class ExternalModel(Settings):
    """What an analysis must know of a model that was trained elsewhere."""

    source: str
    "The data set whose test is internal for it, or `elsewhere`."
    scale: Literal["logit", "probability", "score", "binary"]
    "Scale of its outputs."
    targets: tuple[str, ...]
    "Data sets for which there are outputs."
    refused: tuple[str, ...] = ()
    "Those on whose patients it was trained, so that no number is reported."
    is_known: bool = False
    "Whether its training data are known."
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
    "Model to its sources."
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
    "Whether tasks are findings, or exclusive classes."
    cohorts: Mapping[str, str]
    "Data set to its cohort."
    paper: Mapping[str, str]
    "Data sets that Cohen et al. (2020) also used, to its names."
    evaluation: Intervals
    "When a number is reported, and how its interval is computed."
    overlap: Literal["move", "refuse", "keep"]
    "How patients in different splits were handled."
    at_sites: tuple[str, ...] = ()
    "Targets whose images stay at their site, so that models which are trained here have no outputs for them."
    external: Mapping[str, ExternalModel] = field(default_factory=dict)
    "External models, which are also among the models."
