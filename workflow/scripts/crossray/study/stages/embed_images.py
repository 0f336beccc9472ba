"""What decides the features of a sample of images, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class EmbedImages(Inference):
    """Settings of the rule ``embed_images``."""

    images: int
    "Images of each data set and split, at most."
    seed: int
    "Seed of their draw."
