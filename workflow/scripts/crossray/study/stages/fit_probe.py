"""What decides the last layer of a linear probe, beside features, labels and the weights of a file."""

from dataclasses import dataclass
from typing import Literal

from crossray.study.penalties import PENALTIES
from crossray.study.training import Start


@dataclass(frozen=True, kw_only=True)
class FitProbe(Start):
    """Settings of the rule ``fit_probe``."""

    objective: Literal["multilabel", "binary", "multiclass"] = "multilabel"
    "Type of the tasks."
    tasks: tuple[str, ...]
    "Tasks to fit, as far as the data sets label them."
    images: int | None = None
    "Maximum number of training images."
    penalties: tuple[float, ...] = PENALTIES
    """Weights of half the squared norm of a task's weights beside the sum of its losses, for features of mean 0 and
    variance 1 / features; the validation split chooses."""
