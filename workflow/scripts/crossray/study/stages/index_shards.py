"""What decides an index of shards, beside the shards."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class IndexShards(Settings):
    """Settings of the rule ``index_shards``."""

    size: int
    "Pixels along each side."
    fit: Literal["crop", "pad"]
    "Crop to the largest centred square, or pad with black."
    colour: Literal["grey", "rgb"]
    "One channel, or three."
    burnt_in: Literal["reject", "black_out", "keep"]
    "How files that declare burnt-in text are handled."
    max_rejected: float
    "Maximum share of rejected images, without missing ones."
    max_missing: float
    "Maximum share of images whose files are missing."
