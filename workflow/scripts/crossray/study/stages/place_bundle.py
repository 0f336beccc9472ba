"""Settings of predictions that a site sent."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class PlaceBundle(Settings):
    """Settings of the rule ``place_bundle``."""

    tasks: tuple[str, ...]
    "The tasks that the model has outputs for."
    scale: Literal["logit", "probability", "score", "binary"]
    "Scale of its outputs."
    level: Literal["counts", "rows"]
    "What the site sent."
