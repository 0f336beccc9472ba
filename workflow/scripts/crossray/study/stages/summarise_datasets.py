"""Settings of the counts of data sets."""

from dataclasses import dataclass

from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class SummariseDatasets(Published):
    """Settings of the rule ``summarise_datasets``."""

    datasets: tuple[str, ...]
    "Names of the data sets."
    at_sites: tuple[str, ...] = ()
    "Those of them whose images stay at their site."
    shape: str
    "Name of the folder of shards."
    tasks: tuple[str, ...]
    "The study's tasks."
