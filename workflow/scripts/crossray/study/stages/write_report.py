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
    "The study's resolved configuration without paths of the machine, as the page prints it."
    models: Mapping[str, Model]
    "The models of the configuration; a file of weights is its name without folders."
    external: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    "Models that were trained elsewhere, as the configuration has them; of files their names without folders."
    images: Images
    "What images become."
    training: Training
    "How networks learn."
    evaluation: Intervals
    "When a number is given, and how its interval is found."
    overlap: Literal["move", "refuse", "keep"]
    "What was done about patients who are in different splits."
    descriptions: Mapping[str, str]
    "Data set to what the configuration says of it."
    only_tested: tuple[str, ...]
    "Data sets that the configuration takes for tests alone."
    shown: tuple[str, ...]
    "The models that are reported."
    sources_of: Mapping[str, tuple[str, ...]]
    "Model, each point of a sweep too, to the sources that it is trained on."
    searched: tuple[str, ...]
    "Data sets that are not public and whose pictures are shown all the same."
    figures: tuple[str, ...]
    "The figures that the study has."
    tables: tuple[str, ...]
    "The tables that it has."
