"""Models beside one another."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Share
from crossray.tables.keys import OfModel


@dataclass(frozen=True)
class Models(OfModel):
    """A model at home, and elsewhere."""

    NAME: ClassVar = "models"
    KEY: ClassVar = ("model", "where")

    where: str
    "`home` or `elsewhere`."
    cells: Count
    "Cells of source, target and task behind `auc`."
    auc: Share | None
    "Mean AUC over the cells."
    auc_low: float | None
    auc_high: float | None
    shared_cells: Count
    "Cells that the first model has too."
    difference: Correlation | None
    "Mean difference to the first model over the shared cells, paired."
    difference_low: float | None
    difference_high: float | None
    architecture: str
    "Name of the architecture."
    parameters: Count | None
    "Parameters of the network."
    operations: Positive | None
    "Operations for an image, twice the multiply-adds."
