"""What decides the weights of a network that data sets share but for its outputs, beside its data."""

from dataclasses import dataclass

from crossray.study.training import TrainingRun


@dataclass(frozen=True, kw_only=True)
class TrainSharedHeads(TrainingRun):
    """Settings of the rule ``train_shared_heads``."""

    penalty: float
    "Weight in the loss of the mean distance between vectors; 0 for none."
