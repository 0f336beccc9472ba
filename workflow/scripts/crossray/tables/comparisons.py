"""Differences of AUCs, tested."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Comparisons(OfModel):
    """A difference of two AUCs."""

    NAME: ClassVar = "comparisons"
    KEY: ClassVar = ("model", "kind", "source", "target", "task", "first", "second")

    kind: str
    "`same images` (two sources at one target) or `home and away` (one source at home and at a target)."
    source: str | None
    "Source of the model that is compared at home and away."
    target: str
    "Data set whose test split the models were tested on."
    task: str
    "The finding, or the words for the mean of tasks."
    first: str
    "First source, or the data set at home."
    second: str
    "Second source, or the data set away."
    tasks: Count
    "Tasks behind the means."
    first_auc: Share | None
    "AUC of the first."
    second_auc: Share | None
    "AUC of the second."
    difference: Correlation | None
    "`first_auc` minus `second_auc`."
    difference_low: float | None
    difference_high: float | None
    p: Share | None
    "Two-sided p value, by DeLong's variance with patients as clusters."
    p_holm: Share | None
    "Corrected as Holm does, within kind, model, and tasks or their means."
    p_fdr: Share | None
    "Corrected as Benjamini and Hochberg do, within the same."
