"""What decides the maps of where a model finds its evidence, beside the model and the images."""

from dataclasses import dataclass

from crossray.study.base import Settings

#: between a black image and the image, of integrated gradients; they decide its cost
STEPS = 16


@dataclass(frozen=True, kw_only=True)
class AttributeImages(Settings):
    """Settings of the rule ``attribute_images``."""

    tasks: tuple[str, ...]
    "Findings to ask about."
    methods: tuple[str, ...]
    "How evidence is attributed to pixels."
    images: int
    "Positive test images of a task that are scored, at most."
    batch_size: int
    "Images at a time."
    seed: int
    "Seed of the choice of images, and of random weights."
