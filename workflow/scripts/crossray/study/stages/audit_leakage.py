"""What decides an audit of patients and images in several splits, beside manifests and shards."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.small_cells import Published


@dataclass(frozen=True, kw_only=True)
class AuditLeakage(Published):
    """Settings of the rule ``audit_leakage``."""

    datasets: tuple[str, ...]
    "Names of the data sets, in the order of their manifests."
    cohorts: Mapping[str, str]
    "Data set to whose patients it has."
    tested: tuple[str, ...]
    "Data sets that are only tested on."
    overlap: Literal["move", "refuse", "keep"]
    "What is done about patients who are in different splits."
    duplicates: Literal["near", "exact"]
    "Which images count as the same one."
