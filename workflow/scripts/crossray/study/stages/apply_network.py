"""Settings that decide the predictions of an external network, besides its weights and the images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.base import LeftOut
from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class ApplyNetwork(Inference):
    """Settings of the rule ``apply_network``."""

    architecture: LeftOut[str] = None
    "Name in torchvision, or in timm; none for an ONNX file."
    tasks: Mapping[str, int]
    "Task to the index of its output."
    size: int
    "Pixels along each side of the study's images."
    channels: Literal[1, 3]
    "Channels of the network's first layer."
    range: LeftOut[tuple[float, ...]] = None
    "Input values for black and white; by default normalised by the mean and deviation of ImageNet's colours."
    output: Literal["logit", "probability"]
    "Scale of the outputs."
