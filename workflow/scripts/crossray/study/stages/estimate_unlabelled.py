"""What decides estimates without labels, besides what all analyses are told."""

from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class EstimateUnlabelled(Analysis):
    """Settings of the rule ``estimate_unlabelled``."""

    calibrated: tuple[str, ...]
    "Models with a labelled validation split at home, and probabilities."
    tolerance: float
    "Largest error that an estimate may be expected to have."
