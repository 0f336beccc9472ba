"""What a simulated hospital is told."""

from dataclasses import dataclass

from crossray.study.hospital import Hospital


@dataclass(frozen=True, kw_only=True)
class SimulateHospital(Hospital):
    """Settings of the rule ``simulate_hospital``."""
