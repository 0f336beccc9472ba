"""Key columns shared by many tables."""

from dataclasses import dataclass

from crossray.tables.contract import Row


@dataclass(frozen=True)
class OfModel(Row):
    """A row about a model."""

    model: str
    "Name of the model in the study."


@dataclass(frozen=True)
class OfPair(OfModel):
    """A row about a model that was trained on a source and tested on a target."""

    source: str
    "Data set that the model was trained on, or the name of a pool of several."
    target: str
    "Data set whose test split the model was tested on."


@dataclass(frozen=True)
class OfCell(OfPair):
    """A row about a task of such a pair."""

    task: str
    "The finding or class, or the name of a mean over several."
