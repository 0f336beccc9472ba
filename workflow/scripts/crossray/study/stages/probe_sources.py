"""Settings of the probe that predicts data sets, besides the features of their images."""

from dataclasses import dataclass

from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class ProbeSources(Published):
    """Settings of the rule ``probe_sources``."""

    shape: str
    "Name of the folder of shards."
