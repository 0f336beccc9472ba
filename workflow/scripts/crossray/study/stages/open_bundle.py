"""Settings of the opening of a site's bundle."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.stages.binding import InvitationTerms


@dataclass(frozen=True, kw_only=True)
class OpenBundle(InvitationTerms):
    """Settings of the rule ``open_bundle``."""

    site: str
    "The site's name in this study: that of its data set."
    level: Literal["counts", "rows"]
    "What the site is to send."
