"""Settings of the image features for the domain classifier."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class DescribeImages(Inference):
    """Settings of the rule ``describe_images``."""

    encoder: str
    """`random`, `self_supervised`, `models` (beside one with random weights), published weights by their name, or
    `file`: not the name of a file but its content is the setting."""
    images: int
    "Maximum number of test images of the data set."
    seed: int
    "Seed of the sampling, and of random weights."
