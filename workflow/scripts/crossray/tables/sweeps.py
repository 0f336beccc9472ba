"""Points of sweeps, and ways of choosing among them."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row, Share


@dataclass(frozen=True)
class Sweeps(Row):
    """A point of a sweep on a target."""

    NAME: ClassVar = "sweeps"
    KEY: ClassVar = ("sweep", "model", "value", "others", "source", "target")

    sweep: str
    "Name of the model whose settings are swept."
    model: str
    "Name of the model at this point."
    setting: str
    "The setting that is swept."
    value: str
    "Its value at this point."
    others: str | None
    "Values of the other settings that are swept too."
    source: str
    "Data set that the model was trained on."
    target: str
    "Data set whose test split the model was tested on."
    training_images: Count | None
    "Images learnt from, mean over the seeds, rounded."
    seeds: Count
    "Trainings behind the row."
    tasks: Count
    "Tasks that have a number at every point of the study's sweeps."
    reason: str | None
    "Code of the reason why there is no number."
    auc: Share | None
    "Mean AUC over seeds and these tasks; its interval holds for other patients and other seeds."
    auc_low: float | None
    auc_high: float | None
    beside: str | None
    "The first sweep with the same values, which this one is compared with."
    difference: Correlation | None
    "Difference to that sweep, seed by seed."
    difference_low: float | None
    difference_high: float | None


@dataclass(frozen=True)
class Choices(Row):
    """A way of choosing among the points of a sweep."""

    NAME: ClassVar = "choices"
    KEY: ClassVar = ("sweep", "fixed", "source", "target", "choice")

    sweep: str
    "Name of the model whose settings are swept."
    fixed: str | None
    "How many images are learnt from, where that is swept too."
    source: str
    "Data set that the model was trained on."
    target: str
    "Data set whose test split the model was tested on."
    choice: str
    "Validation on the training domain, with one domain left out, or on the test domain (an oracle)."
    model: str | None
    "Name of the model that was chosen."
    validation_auc: Share | None
    "Mean AUC that it was chosen by."
    auc: Share | None
    "Its mean AUC on the target's test split."
    auc_low: float | None
    auc_high: float | None
