"""What the program is told that takes patients out of all results."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class Forget(Settings):
    """Settings of the rule ``forget``."""

    cohorts: Mapping[str, str]
    "Data set to whose patients it has."
    releases: tuple[str, ...]
    "Folders and tables of releases, which are no results."
