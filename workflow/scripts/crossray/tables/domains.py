"""Training on one domain, on all others, and on all."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Domains(OfModel):
    """A training condition for a target: leave one domain out."""

    NAME: ClassVar = "domains"
    KEY: ClassVar = ("model", "target", "condition")

    target: str
    "Data set whose test split the models were tested on."
    condition: str
    "`own domain`, `all other domains` or `all domains`."
    source: str
    "Name of the source under this condition."
    tasks: Count
    "Tasks with an AUC under each of the target's conditions."
    seeds: Count
    "Trainings behind `auc`."
    auc: Share | None
    "Mean AUC over these tasks and seeds."
    sd: Positive | None
    "Standard deviation over the seeds of the mean AUC over tasks."
    reported_auc: Share | None
    "Mean AUC over tasks as reported: the mean of trainings if there are several seeds."
    auc_low: float | None
    "Lower end of the 95% interval of `reported_auc`."
    auc_high: float | None
    "Upper end of the 95% interval of `reported_auc`."
