"""What the tests of differences are told."""

from dataclasses import dataclass

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class Primary(Settings):
    """A difference that was named before the run."""

    model: str
    "The model."
    first: str
    "A source."
    second: str
    "Another source, or a target where the first is set against home."
    target: str | None
    "Whose test images; none for home and away."
    task: str | None
    "The finding; none for the mean of tasks."


@dataclass(frozen=True, kw_only=True)
class CompareModels(Analysis):
    """Settings of the rule ``compare_models``."""

    primary: tuple[Primary, ...] = ()
    "Differences that were named before the run."
