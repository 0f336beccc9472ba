"""What the measures of corrections are told."""

from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class MeasureCorrections(Analysis):
    """Settings of the rule ``measure_corrections``."""

    mitigations: tuple[str, ...]
    "Models that differ from the first in how they are trained, and in nothing else."
