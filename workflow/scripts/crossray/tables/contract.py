"""Contracts of tables: a class whose fields are the columns, and the validation against it.

The type of a field says what its cells hold, in which range and unit; ``| None`` that a cell may be empty. What the
column means is a string under the field, which :mod:`crossray.code_version` drops; a column without one is the end of
an interval of the number before it. A change of columns is another version, with a line on how to migrate. Standard
library only: programs import contracts for ``--help`` too.
"""

import hashlib
import json
import typing
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar


@dataclass(frozen=True)
class Limits:
    """Limits of a column's numbers: minimum, maximum and unit."""

    low: float | None = None
    high: float | None = None
    unit: str = ""


Count = Annotated[int, Limits(0)]
Share = Annotated[float, Limits(0, 1)]
Correlation = Annotated[float, Limits(-1, 1)]
Positive = Annotated[float, Limits(0)]
Logit = Annotated[float, Limits(unit="logits")]
Nats = Annotated[float, Limits(0, unit="nats")]
Years = Annotated[float, Limits(0, 120, "years")]
Label = Annotated[float, Limits(0, 1)]


@dataclass(frozen=True)
class Row:
    """A row of a table; its columns are the fields of a class derived from this one, in their order."""

    NAME: ClassVar[str] = ""
    #: how a file of each earlier version becomes one of the next, the oldest first
    MIGRATIONS: ClassVar[tuple[str, ...]] = ()
    #: columns that tell rows apart
    KEY: ClassVar[tuple[str, ...]] = ()
    #: whether it takes images or features of them, and so says nothing of targets whose images stay at their site
    FROM_IMAGES: ClassVar[bool] = False
    #: columns that the counts of a site determine, and those that they give within bounds (:mod:`crossray.determined`)
    FROM_COUNTS: ClassVar[tuple[str, ...]] = ()
    WITHIN_BOUNDS: ClassVar[tuple[str, ...]] = ()
    #: how columns of numbers that follow the fields are named, or nothing: there are none
    FURTHER: ClassVar[str] = ""

    @classmethod
    def version(cls) -> int:
        """Return the number of the columns' version, from 1."""
        return len(cls.MIGRATIONS) + 1


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    kind: type
    limits: Limits
    nullable: bool

    @property
    def allowed(self) -> str:
        """Its allowed values, in words."""
        words = {str: "text", int: "integers", float: "numbers", bool: "True or False", list: "lists of numbers"}
        low, high = self.limits.low, self.limits.high
        both = low is not None and high is not None
        ends = f" from {low:g} to {high:g}" if both else "" if low is None else f" >= {low:g}"
        unit = f", {self.limits.unit}" if self.limits.unit else ""
        return words[self.kind] + ends + unit + (", or empty" if self.nullable else "")


def columns(contract: type[Row]) -> dict[str, Column]:
    """Return the columns of a table by their names, in order."""
    hints = typing.get_type_hints(contract, include_extras=True)
    named = ((field.name.removesuffix("_"), hints[field.name]) for field in fields(contract))  # `class_` is `class`
    return {name: _column(name, hint) for name, hint in named}


def names(contract: type[Row]) -> list[str]:
    """Return the names of a table's columns, in order."""
    return list(columns(contract))


def _column(name: str, hint: Any) -> Column:
    parts = [part for part in typing.get_args(hint) if part is not type(None)]
    nullable = type(None) in typing.get_args(hint)
    bare = parts[0] if nullable else hint
    if hasattr(bare, "__metadata__"):
        return Column(name, bare.__origin__, bare.__metadata__[0], nullable)
    return Column(name, typing.get_origin(bare) or bare, Limits(), nullable)


def digest(contract: type[Row]) -> str:
    """Return a digest of all that a table's readers rely on: names, order, types, ranges, keys; no descriptions."""
    found = [
        (one.name, one.kind.__name__, one.limits.low, one.limits.high, one.limits.unit, one.nullable)
        for one in columns(contract).values()
    ]
    text = json.dumps([contract.NAME, contract.KEY, contract.FURTHER, found])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
