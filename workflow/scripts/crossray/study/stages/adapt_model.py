"""What decides the outputs of a model that is adapted to a hospital, beside its weights and the images."""

from dataclasses import dataclass

from crossray.study.training import TrainingRun


@dataclass(frozen=True, kw_only=True)
class AdaptModel(TrainingRun):
    """Settings of the rule ``adapt_model``; those of the training are for training from scratch."""

    sizes: tuple[int, ...]
    "Numbers of local images, besides all."
    draws: int
    "Samples of each size."
    draws_seed: int
    "Seed of the samples."
    ways: tuple[str, ...]
    "What is done, of what needs the network."
    tuning_epochs: int
    "Epochs of fine-tuning."
    tuning_rate: float
    "Learning rate of fine-tuning."
