"""Settings of the bounds of what sites' counts give."""

from dataclasses import dataclass

from crossray.study.stages.measure_usefulness import MeasureUsefulness


@dataclass(frozen=True, kw_only=True)
class MeasureBounds(MeasureUsefulness):
    """Settings of the rule ``measure_bounds``."""

    usefulness: bool
    "Whether the study asks for decision curves."
