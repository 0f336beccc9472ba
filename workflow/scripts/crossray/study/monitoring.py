"""The settings of monitoring: a model where scores arrive every month, and labels seldom."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from crossray.study.base import Settings
from crossray.study.kinds import Number


@dataclass(frozen=True, kw_only=True)
class Monitoring(Settings):
    """Watching models without labels."""

    baseline: Annotated[int, Ge(3), Le(120)] = 6
    """Months that control charts learn from, of each target with dates (`columns.date`, or `months` of a simulated
    hospital); a month with fewer patients than `evaluation.minimum` is one with the next. Later months are watched."""
    false_alarms: Annotated[Number, Gt(0), Lt(0.5)] = 0.05
    """Probability of any false alarm at a target, over all streams and all watched months, while nothing changes."""
    tolerance: Annotated[Number, Gt(0), Lt(0.5)] = 0.1
    """An estimate without labels is printed only if its error, by the back-tests at other targets, is expected within
    this (95% prediction interval)."""
