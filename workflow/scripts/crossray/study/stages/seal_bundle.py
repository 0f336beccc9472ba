"""Settings of a site's bundle."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import LeftOut
from crossray.study.stages.binding import Binding


@dataclass(frozen=True, kw_only=True)
class SealBundle(Binding):
    """Settings of the rule ``seal_bundle``."""

    site: str
    "The site's name in the coordinator's study."
    level: Literal["counts", "rows"]
    "What leaves the site."
    below: LeftOut[int] = None
    "Fewest patients of a cell of counts, if the site wants more than the invitation."
