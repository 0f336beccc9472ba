"""Settings of the comparison with the paper."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class ComparePaper(Published):
    """Settings of the rule ``compare_paper``."""

    paper: Mapping[str, str]
    "Data sets that Cohen et al. (2020) also used, to its names."
