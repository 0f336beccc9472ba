"""What a comparison of models' outputs, image by image, is told."""

from dataclasses import dataclass

from crossray.study.base import Settings
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class ComparedPair(Settings):
    """Two sources whose outputs are compared."""

    target: str
    "Whose test images."
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
    "Pairs of sources that are compared; the most telling ones where there are none."
