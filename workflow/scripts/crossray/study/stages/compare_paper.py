"""What the comparison with the paper is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class ComparePaper(Published):
    """Settings of the rule ``compare_paper``."""

    paper: Mapping[str, str]
    "Data sets that Cohen et al. (2020) had too, to its names."
