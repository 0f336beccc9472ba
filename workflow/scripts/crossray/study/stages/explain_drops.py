"""Settings of the split of drops into causes."""

from dataclasses import dataclass

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class Verdicts(Settings):
    """When a verdict is given."""

    minimum: int
    "Minimum number of positives and negatives on both sides."
    resamples: int
    "Resamples of patients behind each interval."


@dataclass(frozen=True, kw_only=True)
class ExplainDrops(Analysis):
    """Settings of the rule ``explain_drops``."""

    explanation: Verdicts
    "When a verdict is given."
