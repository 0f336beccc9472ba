"""What the measures of usefulness are told beside what all analyses are."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class MeasureUsefulness(Analysis):
    """Settings of the rule ``measure_usefulness``."""

    thresholds: tuple[float, float]
    "The lowest and the highest probability from which on somebody would act."
    consecutive: tuple[str, ...]
    "Targets whose test images were taken as they came."
    prevalence: Mapping[str, Mapping[str, float]]
    "Target to task to the share of images with the finding that counts in place of that of the test images."
