"""Numbers of Cohen et al. (2020) beside ours."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.contract import Correlation, Count, Positive, Row


@dataclass(frozen=True)
class Paper(Row):
    """A number of the paper that the study has too."""

    NAME: ClassVar = "paper"
    KEY: ClassVar = ("quantity", "model", "task", "source", "target")

    quantity: str
    "What the number is."
    model: str | None
    "Name of the model in the study."
    task: str | None
    "The finding."
    source: str | None
    "The source, in the paper's words."
    target: str | None
    "The target, in the paper's words."
    ours: float | None
    "Our number."
    low: float | None
    "Lower end of its 95 % interval."
    high: float | None
    "Upper end of its 95 % interval."
    paper: float | None
    "The paper's number."
    difference: float | None
    "`ours` minus `paper`."
    inside: bool | None
    "Whether the paper's number lies in our interval."


@dataclass(frozen=True)
class PaperSummary(Row):
    """A model and quantity."""

    NAME: ClassVar = "paper_summary"
    KEY: ClassVar = ("model", "quantity")

    model: str | None
    "Name of the model in the study."
    quantity: str
    "What the numbers are."
    paper_numbers: Count
    "Numbers that the paper has."
    compared: Count
    "Those that the study has too."
    mean_difference: float | None
    "Mean of ours minus the paper's."
    mean_absolute_difference: Positive | None
    "Mean absolute difference."
    largest_difference: Positive | None
    "Largest absolute difference."
    with_interval: Count
    "Numbers of ours with an interval."
    inside: Count
    "Those of them whose interval holds the paper's number."
    correlation: Correlation | None
    "Pearson's correlation of ours and the paper's."
