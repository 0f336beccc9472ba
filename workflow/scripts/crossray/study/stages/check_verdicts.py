"""Settings of the check of verdicts on simulated hospitals."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.base import Settings
from crossray.study.hospital import Appearance, Labelling
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class Planted(Settings):
    """What makes a simulated hospital differ from another one."""

    seed: int
    "Seed of its patients and images."
    prevalence: Mapping[str, float]
    "Share of patients with each finding."
    appearance: Appearance
    "Appearance of its images."
    labelling: Labelling
    "How its readers label images."


@dataclass(frozen=True, kw_only=True)
class CheckVerdicts(Analysis):
    """Settings of the rule ``check_verdicts``."""

    hospitals: Mapping[str, Planted]
    "Simulated hospital to its planted shift."
