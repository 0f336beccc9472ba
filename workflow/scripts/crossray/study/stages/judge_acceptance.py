"""What the judgement of acceptance is told beside what all analyses are."""

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
    "Task to what a model has to reach for it."
    claims: Claims
    "Model to task to measure to what its maker claims."
