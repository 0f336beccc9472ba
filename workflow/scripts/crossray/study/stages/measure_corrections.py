"""Settings of the measurement of corrections."""

from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class MeasureCorrections(Analysis):
    """Settings of the rule ``measure_corrections``."""

    mitigations: tuple[str, ...]
    "Models that differ from the first only in their training."
