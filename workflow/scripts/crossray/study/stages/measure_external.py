"""Settings of the measurement of external models."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class MeasureExternal(Analysis):
    """Settings of the rule ``measure_external``."""

    claims: Mapping[str, Mapping[str, Mapping[str, float]]]
    "Model to task to measure (auc, sensitivity, specificity) to the value that its maker claims."
