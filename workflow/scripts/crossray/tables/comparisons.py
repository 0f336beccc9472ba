"""Differences of AUCs, tested."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Row, Share


@dataclass(frozen=True)
class Comparisons(Row):
    """A difference of two AUCs, or of two means over the same tasks."""

    NAME: ClassVar = "comparisons"
    KEY: ClassVar = ("model", "kind", "source", "target", "task", "first", "second")
    MIGRATIONS: ClassVar = (
        "Run `snakemake` again: the first column marks comparisons that were named before the run.",
    )

    role: str
    "`primary` (named in the configuration before the run, `evaluation.primary`) or `exploratory`."
    model: str
    "Name of the model in the study."
    kind: str
    """`same images` (models of two sources on one target) or `home and away` (one model on its internal test and on
    another target)."""
    source: str | None
    "Source of the model, for `home and away`."
    target: str
    "Data set whose test split the models were tested on."
    task: str
    "The finding, or `mean of tasks`."
    first: str
    "First source, the target's own if it is one; for `home and away` the source."
    second: str
    "Second source; for `home and away` the target."
    tasks: Count
    "Tasks behind the AUCs: 1, or those of the mean."
    first_auc: Share | None
    "AUC of the first, or mean AUC."
    second_auc: Share | None
    "AUC of the second, or mean AUC."
    difference: Correlation | None
    "`first_auc` minus `second_auc`."
    difference_low: float | None
    difference_high: float | None
    p: Share | None
    "Two-sided p value of no difference."
    p_holm: Share | None
    """The p value after Holm's correction: for primary comparisons over all primary ones, for exploratory ones over
    those of the same model and kind, single tasks and means separately."""
    p_fdr: Share | None
    "The p value after Benjamini and Hochberg's correction over the same comparisons."
