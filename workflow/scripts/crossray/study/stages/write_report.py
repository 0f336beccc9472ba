"""What the report is told of the study."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crossray.study.base import hints
from crossray.study.config import Study
from crossray.study.datasets import Dataset
from crossray.study.models import Model
from crossray.study.stages.shown import Shown


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
    cohorts: Mapping[str, str] = field(default_factory=dict)
    "Data set to its cohort."
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    "Data set to what its reader was told of images and labels, every choice of the label policy in words."
    overlap: Literal["move", "refuse", "keep"]
    "How patients in different splits were handled."
    descriptions: Mapping[str, str]
    "Data set to its description in the configuration."
    at_sites: tuple[str, ...] = ()
    "Data sets whose images stay at their site."
    counted: tuple[str, ...] = ()
    "Those of which their sites send counts alone."
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

    def asked(self) -> Study:
        """Return the configuration as settings; of data sets those that all have, whatever their reader."""
        common = set(hints(Dataset))
        datasets = {
            name: {key: value for key, value in block.items() if key in common}
            for name, block in self.configuration["datasets"].items()
        }
        return Study.from_dict({**self.configuration, "datasets": datasets})
