"""What decides the features that a frozen network has of images, beside the images and the weights of a file."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference
from crossray.study.training import Start


@dataclass(frozen=True, kw_only=True)
class ComputeFeatures(Inference, Start):
    """Settings of the rule ``compute_features``."""
