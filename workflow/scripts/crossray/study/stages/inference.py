"""How models are applied to images, which all stages that do so are told."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class Inference(Settings):
    """How models are applied to images."""

    batch_size: int
    "Images at a time."
    precision: Literal["fastest", "float32"]
    "Whether bfloat16 may be used."
