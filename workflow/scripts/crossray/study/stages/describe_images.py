"""What decides how images are described to the classifier that tells data sets apart."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class DescribeImages(Inference):
    """Settings of the rule ``describe_images``."""

    encoder: str
    "`random`, published weights by their name, or `file`: the name of a file is no setting, its content is."
    images: int
    "Test images of the data set, at most."
    seed: int
    "Seed of their draw, and of random weights."
