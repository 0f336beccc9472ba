"""What decides the pixels of a shard, beside its images."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class ConvertShard(Settings):
    """Settings of the rule ``convert_shard``."""

    size: int
    "Pixels along each side."
    fit: Literal["crop", "pad"]
    "The largest centred square, or the whole image on black."
    colour: Literal["grey", "rgb"]
    "One channel, or three."
    burnt_in: Literal["reject", "black_out", "keep"]
    "What is done with files that say that text is burnt into their pixels."
    burnt_in_areas: tuple[tuple[float, ...], ...]
    "Rectangles to black out."
    shards: int
    "Number of the data set's shards."
