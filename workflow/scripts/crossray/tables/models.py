"""Comparison of models."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Models(OfModel):
    """A model on internal or external tests."""

    NAME: ClassVar = "models"
    KEY: ClassVar = ("model", "where")

    where: str
    "`home` (internal: the model was trained on the target) or `elsewhere` (external)."
    cells: Count
    "Cells (source, target and task) behind `auc`."
    auc: Share | None
    "Mean AUC over the cells."
    auc_low: float | None
    auc_high: float | None
    shared_cells: Count
    "Cells that the study's first model also has."
    difference: Correlation | None
    "Mean AUC over the shared cells minus that of the first model; empty for the first."
    difference_low: float | None
    difference_high: float | None
    architecture: str
    "Name of the architecture, and `linear probe` where only its last layer was fitted."
    parameters: Count | None
    "Parameters of the network."
    operations: Positive | None
    "Operations per image: twice the multiply-adds."
