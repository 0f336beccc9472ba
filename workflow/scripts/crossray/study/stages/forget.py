"""Settings of the program that removes patients from all results."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class Forget(Settings):
    """Settings of the rule ``forget``."""

    cohorts: Mapping[str, str]
    "Data set to its cohort."
    releases: tuple[str, ...]
    "Folders and tables of releases, which are not results."
