"""What is asked of a model's usefulness: at which probabilities somebody would act."""

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Len

from crossray.study.base import Settings
from crossray.study.kinds import Obeys, Part


def _wrong_range(ends: Any) -> str | None:
    return None if ends[0] < ends[1] else f"[{ends[0]:g}, {ends[1]:g}] is no range; the lower end comes first"


@dataclass(frozen=True, kw_only=True)
class Usefulness(Settings):
    """At which probabilities of a finding somebody would act."""

    thresholds: Annotated[tuple[Part, ...], Len(2, 2), Obeys(_wrong_range)] = (0.01, 0.5)
    """
    The lowest and the highest probability from which on it is reasonable to act: at 0.1, nine false alarms weigh as
    much as one missed finding.
    """
