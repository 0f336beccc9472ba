"""Output weights of a network with shared features and one output per data set."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class HeadPlaces(OfModel):
    """The weight vector of an output of the network with shared features, first seed."""

    NAME: ClassVar = "head_places"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("Column penalty: write none for free, and l2 for tied.",)
    KEY: ClassVar = ("model", "penalty", "dataset", "task")

    penalty: str
    "`none`, or `l2`: trained with a penalty on the distances between the vectors of a task."
    dataset: str
    "Data set that the output belongs to."
    task: str
    "The finding."
    first: float
    "Its coordinate on the first principal component of all vectors."
    second: float
    "Its coordinate on the second principal component."
    first_share: Share
    "Share of the vectors' variance along the first component."
    second_share: Share
    "Share of the vectors' variance along the second component."


@dataclass(frozen=True)
class HeadDistances(OfModel):
    """A task for which two or more data sets have an output."""

    NAME: ClassVar = "head_distances"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("Column penalty: write none for free, and l2 for tied.",)
    KEY: ClassVar = ("model", "penalty", "task")

    penalty: str
    "`none` or `l2`, as in `head_places.csv`."
    task: str
    "The finding."
    datasets: Count
    "Data sets that have an output for it."
    seeds: Count
    "Trainings behind the mean."
    distance: Positive | None
    "Euclidean distance between the task's weight vectors, mean over pairs of data sets and over seeds."
    sd: Positive | None
    "Standard deviation over the seeds of the mean over pairs."
    relative: Share | None
    "`distance` divided by the largest of all tasks."
    mean_auc: Share | None
    "`mean_auc` of the task in `tasks.csv`."


@dataclass(frozen=True)
class HeadRelations(OfModel):
    """Correlation of distance and AUC over tasks."""

    NAME: ClassVar = "head_relations"
    FROM_IMAGES: ClassVar = True
    MIGRATIONS: ClassVar = ("Column penalty: write none for free, and l2 for tied.",)
    KEY: ClassVar = ("model", "penalty")

    penalty: str
    "`none` or `l2`, as in `head_places.csv`."
    tasks: Count
    "Tasks with a distance and a mean AUC."
    pearson: Correlation | None
    "Pearson's correlation of `distance` and `mean_auc` in `head_distances.csv`, with four tasks or more."
    pearson_low: float | None
    pearson_high: float | None
    pearson_p: Share | None
    "Its two-sided p value."
    spearman: Correlation | None
    "Spearman's correlation of the same."
    spearman_p: Share | None
    "Its two-sided p value."
