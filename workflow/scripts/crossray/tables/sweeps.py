"""Points of sweeps, and ways of choosing among them."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Row, Share


@dataclass(frozen=True)
class Sweeps(Row):
    """A point of a sweep on a target."""

    NAME: ClassVar = "sweeps"
    KEY: ClassVar = ("sweep", "model", "value", "others", "source", "target")

    sweep: str
    "Name of the model whose setting is swept."
    model: str
    "Name of the model at this point."
    setting: str
    "The swept setting, the first if several are swept."
    value: str
    "Its value at this point."
    others: str | None
    "Names and values of the other swept settings."
    source: str
    "Data set that the model was trained on."
    target: str
    "Data set whose test split the model was tested on."
    training_images: Positive
    "Training images, mean over the seeds."
    seeds: Count
    "Trainings behind the row."
    tasks: Count
    "Tasks with a number at every point of the study's sweeps, for this source and target; 0 if training diverged."
    reason: str | None
    "Reason code if there is no number."
    auc: Share | None
    "Mean AUC over these tasks and the seeds; its interval is over patients and, from three seeds on, seeds."
    auc_low: float | None
    auc_high: float | None
    beside: str | None
    "The first sweep with the same values, if another one, with which this point is compared."
    difference: Correlation | None
    "`auc` minus that of the sweep in `beside`, paired by seed."
    difference_low: float | None
    difference_high: float | None


@dataclass(frozen=True)
class Choices(Row):
    """A way of choosing among the points of a sweep."""

    NAME: ClassVar = "choices"
    KEY: ClassVar = ("sweep", "fixed", "source", "target", "choice")

    sweep: str
    "Name of the model whose setting is swept."
    fixed: str | None
    "Number of training images, if that is swept too; it is not selected."
    source: str
    "Data set that the model was trained on."
    target: str
    "Data set whose test split the model was tested on."
    choice: str
    "`training-domain validation`, `leave-one-domain-out validation` or `test-domain validation (oracle)`."
    model: str
    "Name of the chosen point."
    validation_auc: Share | None
    "Mean AUC on the validation images used for the choice."
    auc: Share | None
    "Its mean AUC on the target's test split, as in `sweeps.csv`."
    auc_low: float | None
    auc_high: float | None
