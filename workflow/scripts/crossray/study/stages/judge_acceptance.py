"""Settings of acceptance, besides those of all analyses."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.acceptance import Criteria
from crossray.study.stages.analysis import Analysis

#: model to task to measure (auc, sensitivity, specificity) to what its maker claims
Claims = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, kw_only=True)
class JudgeAcceptance(Analysis):
    """Settings of the rule ``judge_acceptance``."""

    acceptance: Mapping[str, Criteria]
    "Task to its acceptance criteria."
    claims: Claims
    "Model to task to measure to the value that its maker claims."
