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
    "The largest centred square, or the whole image on black."
    colour: Literal["grey", "rgb"]
    "One channel, or three."
    burnt_in: Literal["reject", "black_out", "keep"]
    "What is done with files that say that text is burnt into their pixels."
    max_rejected: float
    "Largest share of the images that may be left out, those that are not there aside."
    max_missing: float
    "Largest share of the images whose files may not be there."
