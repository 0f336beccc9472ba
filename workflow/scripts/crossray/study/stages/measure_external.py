"""What the measures of models that were trained elsewhere are told."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class MeasureExternal(Analysis):
    """Settings of the rule ``measure_external``."""

    claims: Mapping[str, Mapping[str, Mapping[str, float]]]
    "Model to task to measure (auc, sensitivity, specificity) to what its maker claims."
