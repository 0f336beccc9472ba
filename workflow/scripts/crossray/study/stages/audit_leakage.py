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
    "Data set to its cohort."
    tested: tuple[str, ...]
    "Test-only data sets."
    at_sites: tuple[str, ...] = ()
    "Data sets whose images stay at their site, and so without an index."
    overlap: Literal["move", "refuse", "keep"]
    "How patients in different splits are handled."
    duplicates: Literal["near", "exact"]
    "Which images count as duplicates."
