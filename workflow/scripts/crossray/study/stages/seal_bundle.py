"""Settings of a site's bundle."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.stages.binding import Binding


@dataclass(frozen=True, kw_only=True)
class SealBundle(Binding):
    """Settings of the rule ``seal_bundle``."""

    site: str
    "The site's name in the coordinator's study."
    level: Literal["rows"]
    "What leaves the site."
