"""What decides the maps of where a model finds its evidence, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.base import Settings

#: between a black image and the image, of integrated gradients; they decide its cost
STEPS = 16


@dataclass(frozen=True, kw_only=True)
class AttributeImages(Settings):
    """Settings of the rule ``attribute_images``."""

    tasks: tuple[str, ...]
    "Findings to attribute."
    methods: tuple[str, ...]
    "Attribution methods."
    images: int
    "Maximum number of scored positive test images per task."
    batch_size: int
    "Images per batch."
    seed: int
    "Seed of the choice of images, and of random weights."
