"""What decides the predictions that are made of scores that were read."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class PlaceScores(Settings):
    """Settings of the rule ``place_scores``."""

    unit: Literal["image", "study", "patient"]
    "Unit that scores are for."
    scale: Literal["logit", "probability", "score", "binary"]
    "Scale of the scores."
