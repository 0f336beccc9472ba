"""What decides the estimates from films that were read, besides what all analyses are told."""

from dataclasses import dataclass

from crossray.study.stages.analysis import Analysis


@dataclass(frozen=True, kw_only=True)
class EstimateFilms(Analysis):
    """Settings of the rule ``estimate_films``."""

    labels: str
    "The model whose answers are the labels."
    read: tuple[str, ...]
    "The findings that films were read for."
    whole_patients: bool
    "Whether all films of a patient were to be read, or none."
