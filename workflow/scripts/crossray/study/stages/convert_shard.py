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
    "Crop to the largest centred square, or pad with black."
    colour: Literal["grey", "rgb"]
    "One channel, or three."
    burnt_in: Literal["reject", "black_out", "keep"]
    "How files that declare burnt-in text are handled."
    burnt_in_areas: tuple[tuple[float, ...], ...]
    "Rectangles to black out."
    shards: int
    "Number of the data set's shards."
