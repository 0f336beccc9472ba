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
    "Reason code if there is no number."
    shared_tasks: Count
    "Tasks that have an AUC both at the source and at this target."
    home_at_chance: bool | None
    "Whether the interval of `home_auc` does not lie above 0.5: no drop is reported for such a model."
    home_auc: Share | None
    "Mean AUC at the source over the shared tasks."
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
    """A model and source, and a model over all sources."""

    NAME: ClassVar = "summary"
    KEY: ClassVar = ("model", "source")

    source: str
    "Data set that the model was trained on, or `all sources`."
    pairs: Count
    """Pairs of source and target behind the means: those that share tasks and whose model is not at chance at the
    source."""
    pairs_at_chance: Count
    "Pairs that are left out because the model is at chance at the source."
    possible_pairs: Count
    "Pairs of the source and another target."
    home_auc: Share | None
    "Mean over the pairs of the AUC at the source."
    home_auc_low: float | None
    home_auc_high: float | None
    away_auc: Share | None
    "Mean over the pairs of the AUC at the target."
    away_auc_low: float | None
    away_auc_high: float | None
    drop: Correlation | None
    "`home_auc` minus `away_auc`."
    drop_low: float | None
    drop_high: float | None


@dataclass(frozen=True)
class Variances(OfModel):
    """A mean over pairs of `summary.csv`, and what makes it vary."""

    NAME: ClassVar = "variances"
    KEY: ClassVar = ("model", "source", "quantity")

    source: str
    "Data set that the model was trained on, or `all sources`."
    quantity: str
    "`home_auc`, `away_auc` or `drop`."
    pairs: Count
    "Pairs behind the mean."
    hospitals: Count
    "Data sets treated as a sample: all of these pairs, for a single source its targets."
    value: Correlation
    "The mean."
    low: float
    "Lower limit of the mean for these hospitals."
    high: float
    "Upper limit of the same."
    patients_sd: Positive
    "Its standard deviation over patients of these hospitals, from the interval over patients."
    trainings: Count
    "Trainings of each model and source."
    trainings_sd: Positive | None
    "Its standard deviation between trainings; empty with fewer than three."
    trainings_freedom: Positive | None
    "Degrees of freedom of `trainings_sd`."
    sites_sd: Positive | None
    "Standard deviation between the pairs, beyond their errors; empty for one pair."
    sample_low: float | None
    """Lower limit if the hospitals are a sample of hospitals (95%, leaving each out in turn); `low` and `high` are
    for these hospitals. Empty with fewer than three."""
    sample_high: float | None
    "Upper limit of the same."


@dataclass(frozen=True)
class Tasks(OfModel):
    """A model and task, best first."""

    NAME: ClassVar = "tasks"
    KEY: ClassVar = ("model", "task")

    task: str
    "The finding or class."
    cells: Count
    "Pairs of source and target with an AUC for the task, including internal tests."
    mean_auc: Share | None
    "Mean AUC over these cells."
    mean_auc_low: float | None
    mean_auc_high: float | None
    sd: Positive | None
    "Standard deviation of the AUC over these cells."
    group: str | None
    """Third of the tasks by `mean_auc`: `good`, `medium` or `variable`; also `medium` if the interval does not support
    the outer third. Empty below three tasks."""
    pairs: Count
    "Pairs of source and another target behind the means below, without those at chance at the source."
    pairs_at_chance: Count
    "Pairs that are left out because the model is at chance at the source."
    home_auc: Share | None
    "Mean over the pairs of the AUC at the source."
    home_auc_low: float | None
    home_auc_high: float | None
    away_auc: Share | None
    "Mean over the pairs of the AUC at the target."
    away_auc_low: float | None
    away_auc_high: float | None
    drop: Correlation | None
    "`home_auc` minus `away_auc`."
    drop_low: float | None
    drop_high: float | None
