"""Learning from one domain, from all others, and from all."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Count, Positive, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Domains(OfModel):
    """A model, target and condition of leave one domain out."""

    NAME: ClassVar = "domains"
    KEY: ClassVar = ("model", "target", "condition")

    target: str
    "Data set whose test split the models were tested on."
    condition: str
    "`own domain`, `all other domains` or `all domains`."
    source: str
    "What the model was trained on under this condition."
    tasks: Count
    "Tasks that all three conditions share."
    seeds: Count
    "Trainings behind the mean."
    auc: Share | None
    "Mean AUC over tasks and seeds."
    sd: Positive | None
    "Standard deviation over the seeds."
    reported_auc: Share | None
    "Mean AUC of the row that a report shows, the ensemble where there are several seeds."
    auc_low: float | None
    "Lower end of the 95 % interval of `reported_auc`."
    auc_high: float | None
    "Upper end of the 95 % interval of `reported_auc`."
