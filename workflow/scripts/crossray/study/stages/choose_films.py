"""What decides which films are read, besides what all analyses are told."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.film_plan import Expected
from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class ChooseFilms(Analysis):
    """Settings of the rule ``choose_films``."""

    expected: Mapping[str, Expected]
    "Finding to what is expected of a model."
    wanted: tuple[str, ...]
    "Numbers that the list is for; all of them where it is empty."
    readings: int
    "Films that can be read."
    whole_patients: bool
    "Whether all films of a patient are read, or none."
    list_seed: int
    "Seed of the list."
