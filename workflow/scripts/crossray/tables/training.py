"""The course of a training."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Row, Share


@dataclass(frozen=True)
class History(Row):
    """An epoch of a training."""

    NAME: ClassVar = "history"
    KEY: ClassVar = ("epoch",)
    FURTHER: ClassVar = "auc TASK"
    "AUC of a task on the validation split."

    epoch: Count
    "Number of the epoch, from 1."
    train_loss: float | None
    "Mean loss over the epoch's batches."
    validation_loss: float | None
    "Loss on the validation split after the epoch."
    validation_auc: Share | None
    "Mean over the tasks of the AUC on the validation split."


@dataclass(frozen=True)
class Penalties(Row):
    """A penalty that was tried for a task of a linear probe."""

    NAME: ClassVar = "penalties"
    KEY: ClassVar = ("task", "penalty")

    task: str
    "The finding or class; classes are fitted together, so their losses are one."
    penalty: Positive
    "Weight of half the squared norm of the task's weights, beside the sum of its losses."
    train_loss: float | None
    "Mean loss on the training images whose label is known."
    validation_loss: float | None
    "The same on the validation split; the smallest chooses."
    validation_auc: Share | None
    "AUC on the validation split."
    kept: bool
    "Whether it was chosen."
