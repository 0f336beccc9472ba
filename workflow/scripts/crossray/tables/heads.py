"""Output weights of a network that data sets share but for its outputs."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class HeadPlaces(OfModel):
    """A weight vector."""

    NAME: ClassVar = "head_places"
    KEY: ClassVar = ("model", "penalty", "dataset", "task")

    penalty: str
    "`free`, or `tied`: the vectors of a task are drawn together."
    dataset: str
    "Data set that the output belongs to."
    task: str
    "The finding."
    first: float
    "First principal component of the vector."
    second: float
    "Second principal component."
    first_share: Share
    "Share of the variance along the first component."
    second_share: Share
    "Share of the variance along the second component."


@dataclass(frozen=True)
class HeadDistances(OfModel):
    """A task and penalty."""

    NAME: ClassVar = "head_distances"
    KEY: ClassVar = ("model", "penalty", "task")

    penalty: str
    "`free` or `tied`."
    task: str
    "The finding."
    datasets: Count
    "Data sets that label it."
    seeds: Count
    "Trainings behind the mean."
    distance: Positive | None
    "Mean distance of the vectors over pairs of data sets and seeds."
    sd: Positive | None
    "Standard deviation over the seeds."
    relative: Share | None
    "`distance` over the largest of all tasks."
    mean_auc: Share | None
    "Mean AUC of the task."


@dataclass(frozen=True)
class HeadRelations(OfModel):
    """A penalty: distance against mean AUC."""

    NAME: ClassVar = "head_relations"
    KEY: ClassVar = ("model", "penalty")

    penalty: str
    "`free` or `tied`."
    tasks: Count
    "Tasks behind the correlation."
    pearson: Correlation | None
    "Pearson's correlation."
    pearson_low: float | None
    pearson_high: float | None
    pearson_p: Share | None
    "Its p value."
    spearman: Correlation | None
    "Spearman's correlation."
    spearman_p: Share | None
    "Its p value."
