"""Numbers of Cohen et al. (2020) beside ours."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Row


@dataclass(frozen=True)
class Paper(Row):
    """A number of Cohen et al. (2020) that the study also has."""

    NAME: ClassVar = "paper"
    KEY: ClassVar = ("quantity", "model", "task", "source", "target")

    quantity: str
    """`AUC`, `leave one out`, `kappa`, `kappa of seeds`, `distance of weights`, `F1 of labels`, `positives` or
    `negatives`."""
    model: str | None
    "Name of the model in the study; empty for quantities without a model."
    task: str | None
    "The finding."
    source: str | None
    """The source in the paper's words; the condition of leave one out; the penalty of a distance; or the first
    labelling."""
    target: str | None
    "The target in the paper's words, or the second labelling."
    ours: float | None
    "The study's number."
    low: float | None
    "Lower end of the 95% interval of `ours`."
    high: float | None
    "Upper end of the 95% interval of `ours`."
    paper: float | None
    "The paper's number."
    difference: float | None
    "`ours` minus `paper`."
    inside: bool | None
    "Whether the paper's number lies in the interval; empty without an interval."


@dataclass(frozen=True)
class PaperSummary(Row):
    """A model and a quantity of the paper."""

    NAME: ClassVar = "paper_summary"
    KEY: ClassVar = ("model", "quantity")

    model: str | None
    "Name of the model in the study."
    quantity: str
    "As in `paper.csv`."
    paper_numbers: Count
    "Numbers of this quantity that the paper has."
    compared: Count
    "Those that the study also has."
    mean_difference: float | None
    "Mean of `difference` in `paper.csv`."
    mean_absolute_difference: Positive | None
    "Mean of its absolute value."
    largest_difference: Positive | None
    "Largest absolute value."
    with_interval: Count
    "Those of the study's numbers that have an interval."
    inside: Count
    "Those whose interval contains the paper's number."
    correlation: Correlation | None
    "Pearson's correlation of the study's numbers and the paper's, with three or more."
