"""Settings of the comparison of models' outputs, image by image."""

from dataclasses import dataclass

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class ComparedPair(Settings):
    """Two sources whose outputs are compared."""

    target: str
    "Data set of the test images."
    task: str
    "The finding."
    first: str
    "A source."
    second: str
    "Another source."


@dataclass(frozen=True, kw_only=True)
class CompareOutputs(Analysis):
    """Settings of the rule ``compare_outputs``."""

    pairs: tuple[ComparedPair, ...]
    "Pairs of sources to compare; if empty, the most informative ones."
