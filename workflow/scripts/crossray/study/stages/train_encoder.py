"""Settings of the encoder that learns from the study's images, without labels."""

from dataclasses import dataclass

from crossray.study.stages.inference import Inference


@dataclass(frozen=True, kw_only=True)
class TrainEncoder(Inference):
    """Settings of the rule ``train_encoder``."""

    epochs: int
    "Passes over the images."
    images: int
    "Maximum number of training images of a data set."
    seed: int
    "Seed of the sampling, of weights, of the order of images and of views."
