"""Settings of the summary of models."""

from collections.abc import Mapping
from dataclasses import dataclass

from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class SummariseModels(Published):
    """Settings of the rule ``summarise_models``."""

    models: tuple[str, ...]
    "The models that are compared."
    external: tuple[str, ...] = ()
    "External models among them, whose cost is unknown."
    members: Mapping[str, tuple[str, ...]]
    "Source to the data sets that it consists of."
