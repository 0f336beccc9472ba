"""Settings of the measurement of adaptation."""

from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class MeasureAdaptation(Analysis):
    """Settings of the rule ``measure_adaptation``."""

    pairs: tuple[tuple[str, str], ...]
    "Pairs of a source and a target."
    ways: tuple[str, ...]
    "What is done with local images."
