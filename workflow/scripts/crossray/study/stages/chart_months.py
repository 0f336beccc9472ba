"""What decides control charts, besides what all analyses are told."""

from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class ChartMonths(Analysis):
    """Settings of the rule ``chart_months``."""

    calibrated: tuple[str, ...]
    "Models with a labelled validation split at home, and probabilities."
    baseline: int
    "Months that charts learn from."
    false_alarms: float
    "Probability of any false alarm at a target."
    tolerance: float
    "What an AUC has to be known by, to say whether an alarm matters."
