"""The course of a training."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Row, Share


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
