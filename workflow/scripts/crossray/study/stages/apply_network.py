"""What decides the predictions of a network that was trained elsewhere, beside its weights and the images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crossray.study.base import LeftOut
from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class ApplyNetwork(Inference):
    """Settings of the rule ``apply_network``."""

    architecture: LeftOut[str] = None
    "Name in torchvision, or in timm; left out of a file of ONNX."
    tasks: Mapping[str, int]
    "Task to the output that has it."
    size: int
    "Pixels along each side of the study's images."
    channels: Literal[1, 3]
    "Channels of the network's first layer."
    range: LeftOut[tuple[float, ...]] = None
    "What black and white become; the mean and deviation of ImageNet's colours where this is left out."
    output: Literal["logit", "probability"]
    "What outputs are."
