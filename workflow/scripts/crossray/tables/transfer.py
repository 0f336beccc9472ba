"""What models lose outside the data set that they were trained on."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfModel, OfPair


@dataclass(frozen=True)
class Transfer(OfPair):
    """A model, source and target."""

    NAME: ClassVar = "transfer"
    KEY: ClassVar = ("model", "source", "target")

    tasks: Count
    "Tasks behind `auc`."
    auc: Share | None
    "Mean AUC over the tasks."
    auc_low: float | None
    auc_high: float | None
    reason: str | None
    "Code of the reason why there is no number."
    shared_tasks: Count
    "Tasks that have an AUC both at home and here."
    home_at_chance: bool | None
    "By its interval the model is no better than chance at home on the shared tasks: it has nothing to lose."
    home_auc: Share | None
    "Mean AUC at home over the shared tasks."
    home_auc_low: float | None
    home_auc_high: float | None
    away_auc: Share | None
    "Mean AUC at this target over the shared tasks."
    away_auc_low: float | None
    away_auc_high: float | None
    drop: Correlation | None
    "`home_auc` minus `away_auc`."
    drop_low: float | None
    drop_high: float | None


@dataclass(frozen=True)
class Summary(OfModel):
    """A model and source, and all sources together."""

    NAME: ClassVar = "summary"
    KEY: ClassVar = ("model", "source")

    source: str
    "Data set that the model was trained on, or `all sources`."
    pairs: Count
    "Pairs of source and target that have a drop and are not at chance at home."
    pairs_at_chance: Count
    "Pairs left out because the model is at chance at home."
    possible_pairs: Count
    "Pairs that the study could have."
    home_auc: Share | None
    "Mean over the pairs of the AUC at home."
    home_auc_low: float | None
    home_auc_high: float | None
    away_auc: Share | None
    "Mean over the pairs of the AUC at the target."
    away_auc_low: float | None
    away_auc_high: float | None
    drop: Correlation | None
    "Mean over the pairs of the drop."
    drop_low: float | None
    drop_high: float | None


@dataclass(frozen=True)
class Tasks(OfModel):
    """A model and task, best first."""

    NAME: ClassVar = "tasks"
    KEY: ClassVar = ("model", "task")

    task: str
    "The finding or class."
    cells: Count
    "Pairs of source and target with an AUC for the task."
    mean_auc: Share | None
    "Mean AUC over the cells."
    mean_auc_low: float | None
    mean_auc_high: float | None
    sd: Positive | None
    "Standard deviation of the AUC over the cells."
    group: str | None
    "Thirds: `good` and `variable` only where the interval lies above or below the mean of all tasks, else `medium`."
    pairs: Count
    "Pairs of source and target that have a drop and are not at chance at home."
    pairs_at_chance: Count
    "Pairs left out because the model is at chance at home."
    home_auc: Share | None
    "Mean over the pairs of the AUC at home."
    home_auc_low: float | None
    home_auc_high: float | None
    away_auc: Share | None
    "Mean over the pairs of the AUC at the target."
    away_auc_low: float | None
    away_auc_high: float | None
    drop: Correlation | None
    "Mean over the pairs of the drop."
    drop_low: float | None
    drop_high: float | None
