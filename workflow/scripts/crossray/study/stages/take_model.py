"""Settings of the taking of a model that a site sent."""

from dataclasses import dataclass

from crossray.study.stages.apply_network import ApplyNetwork


@dataclass(frozen=True, kw_only=True)
class TakeModel(ApplyNetwork):
    """Settings of the rule ``take_model``."""

    site: str
    "The site's name in this study: that of its data set."
