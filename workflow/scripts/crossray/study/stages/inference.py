"""How models are applied to images: settings shared by all stages that do so."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.base import Settings


@dataclass(frozen=True, kw_only=True)
class Inference(Settings):
    """How models are applied to images."""

    batch_size: int
    "Images per batch, at least: of small images a prediction takes more at a time."
    precision: Literal["fastest", "float32"]
    "Whether bfloat16 may be used."
