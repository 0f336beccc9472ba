"""Settings of the opening of a site's bundle."""

from dataclasses import dataclass

from crossray.study.stages.binding import Binding


@dataclass(frozen=True, kw_only=True)
class OpenBundle(Binding):
    """Settings of the rule ``open_bundle``."""

    site: str
    "The site's name in this study: that of its data set."
