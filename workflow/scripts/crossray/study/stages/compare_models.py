"""Settings of the tests of differences."""

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
    "Another source, or a target whose test is compared with the internal one of `first`."
    target: str | None
    "Data set of the test images; none for internal against external."
    task: str | None
    "The finding; none for the mean of tasks."


@dataclass(frozen=True, kw_only=True)
class CompareModels(Analysis):
    """Settings of the rule ``compare_models``."""

    primary: tuple[Primary, ...] = ()
    "Comparisons that were named before the run."
