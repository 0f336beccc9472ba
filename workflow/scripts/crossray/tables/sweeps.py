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
    "The setting that is swept, the first if several are."
    value: str
    "Its value at this point."
    others: str | None
    "Names and values of the other settings that are swept with it."
    source: str
    "Data set that the model was trained on."
    target: str
    "Data set whose test split the model was tested on."
    training_images: Positive
    "Training images, mean over the seeds."
    seeds: Count
    "Trainings behind the row."
    tasks: Count
    """Tasks that have a number at every point of the study's sweeps, for this source and target; 0 after a training
    that diverged."""
    reason: str | None
    "Code of the reason why there is no number."
    auc: Share | None
    "Mean AUC over these tasks and the seeds; its interval is for other patients and, from three seeds on, other seeds."
    auc_low: float | None
    auc_high: float | None
    beside: str | None
    "The first sweep with the same values, if it is another, which this point is compared with."
    difference: Correlation | None
    "`auc` minus that of the sweep beside it, seed by seed."
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
    "How many training images, where that is swept too: it is no choice."
    source: str
    "Data set that the model was trained on."
    target: str
    "Data set whose test split the model was tested on."
    choice: str
    "`training-domain validation`, `leave-one-domain-out validation` or `test-domain validation (oracle)`."
    model: str
    "Name of the point that was chosen."
    validation_auc: Share | None
    "Mean AUC on the validation images that it was chosen by."
    auc: Share | None
    "Its mean AUC on the target's test split, as in `sweeps.csv`."
    auc_low: float | None
    auc_high: float | None
