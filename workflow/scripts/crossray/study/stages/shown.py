"""What figures and the report alike are told of the study."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class Shown(Settings):
    """What figures and the report alike are told of the study."""

    phantoms: tuple[str, ...]
    "Data sets of phantoms."
    real: tuple[str, ...]
    "All other data sets."
    sources: tuple[str, ...]
    "The study's sources."
    targets: tuple[str, ...]
    "The study's targets."
    members: Mapping[str, tuple[str, ...]]
    "Source to the data sets that it consists of."
    datasets: tuple[str, ...]
    "The study's data sets."
    tasks: tuple[str, ...]
    "The study's tasks."
    seeds: tuple[int, ...]
    "Seeds of the trainings."
    shape: str
    "Name of the folder of shards."
