"""What the report is told of the study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crossray.study.config import Images
from crossray.study.models import Model
from crossray.study.stages.analysis import Intervals
from crossray.study.stages.shown import Shown
from crossray.study.training import Training


@dataclass(frozen=True, kw_only=True)
class WriteReport(Shown):
    """What the report is told of the study."""

    study: str
    "The study's name."
    title: str
    "The report's title."
    configuration: Mapping[str, Any]
    "The study's resolved configuration without local paths, as printed in the report."
    models: Mapping[str, Model]
    "The models of the configuration; weights files without their folders."
    external: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    "External models as configured; files without their folders."
    images: Images
    "Preprocessing of images."
    training: Training
    "Training settings."
    evaluation: Intervals
    "When a number is reported, and how its interval is computed."
    overlap: Literal["move", "refuse", "keep"]
    "How patients in different splits were handled."
    descriptions: Mapping[str, str]
    "Data set to its description in the configuration."
    at_sites: tuple[str, ...] = ()
    "Data sets whose images stay at their site."
    only_tested: tuple[str, ...]
    "Test-only data sets of the configuration."
    shown: tuple[str, ...]
    "The models that are reported."
    sources_of: Mapping[str, tuple[str, ...]]
    "Model, including each point of a sweep, to its sources."
    searched: tuple[str, ...]
    "Data sets that are not public and whose images are shown anyway."
    figures: tuple[str, ...]
    "The figures that the study has."
    tables: tuple[str, ...]
    "The tables that it has."
