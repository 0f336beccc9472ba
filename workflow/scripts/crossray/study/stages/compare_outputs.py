"""Settings of the comparison of models' outputs, image by image."""

from dataclasses import dataclass

from crossray.study.compared_pairs import ComparedPair
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class CompareOutputs(Analysis):
    """Settings of the rule ``compare_outputs``."""

    pairs: tuple[ComparedPair, ...]
    "Pairs of sources to compare; if empty, the most informative ones."
