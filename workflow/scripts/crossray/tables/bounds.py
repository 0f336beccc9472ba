"""How far a number that is taken from a site's counts can be from that of its rows."""

from dataclasses import dataclass
from typing import ClassVar

from crossray.tables.keys import OfCell


@dataclass(frozen=True)
class Bounds(OfCell):
    """A number of another table, of a site that sends counts alone."""

    NAME: ClassVar = "bounds"
    KEY: ClassVar = ("model", "source", "target", "task", "table", "at", "column")
    FROM_COUNTS: ClassVar = ("value", "least", "most")

    table: str
    "Table that the number is in."
    at: str
    "What tells its row there apart beside model, source, target and task, as the seed, the rule or the threshold."
    column: str
    "Its column."
    value: float
    "The number, each image taken to lie in the middle of its bin."
    least: float
    "The smallest that it can be, wherever in their bins images lie."
    most: float
    "The largest."
