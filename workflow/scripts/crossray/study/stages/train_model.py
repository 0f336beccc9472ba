"""What decides a model's weights, beside its data."""

from dataclasses import dataclass

from crossray.study.training import TrainingRun


@dataclass(frozen=True, kw_only=True)
class TrainModel(TrainingRun):
    """Settings of the rule ``train_model``."""
