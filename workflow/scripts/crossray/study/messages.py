"""One-line messages for pydantic's errors: the key, its value, and what is allowed."""

import dataclasses
import datetime
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any

from crossray.errors import cut
from crossray.study.base import Settings, bare, hints, key_of
from crossray.study.kinds import KINDS
from crossray.study.versions import what_became_of

Path = tuple[str | int, ...]

#: type of an error of pydantic -> what JSON calls what should be there
TYPES = {
    "string_type": "string",
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "boolean",
    "tuple_type": "array",
    "dict_type": "object",
    "dataclass_type": "object",
}

#: type of an error of pydantic -> what a number is, and the limit's name in the error's context
LIMITS = {
    "greater_than_equal": ("less than the minimum of", "ge"),
    "greater_than": ("less than or equal to the minimum of", "gt"),
    "less_than_equal": ("greater than the maximum of", "le"),
    "less_than": ("greater than or equal to the maximum of", "lt"),
}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a configuration: at which keys, and what."""

    path: Path
    words: str
    is_absence: bool = False

    def rank(self) -> tuple[int, bool]:
        """Return what problems are ordered by: deep ones first; what is missing after what is there and wrong."""
        return len(self.path), not self.is_absence

    def __str__(self) -> str:
        """Return it as one line."""
        return f"config: {'.'.join(map(str, self.path)) or 'the top level'}: {self.words}"


def problem_of(error: Mapping[str, Any], kind: type[Settings], block: Any, above: Sequence[str]) -> Problem:
    """Say what is wrong.

    Args:
        error: one of pydantic's.
        kind: the class that the block was checked by.
        block: what was checked.
        above: the keys that the block is under.
    """
    path: Path = tuple(key for key in error["loc"] if key not in KINDS.values())
    match error["type"]:
        case "unexpected_keyword_argument":
            allowed = ", ".join(sorted(map(key_of, hints(_class_at(kind, path[:-1])))))
            gone = what_became_of((*above, *path))
            return Problem((*above, *path[:-1]), gone or f"unknown key {path[-1]}; allowed are {allowed}")
        case "missing":
            return Problem((*above, *path[:-1]), f"the key {path[-1]} is missing", is_absence=True)
    if path and path[-1] == "[key]":
        return Problem((*above, *path[:-2]), _said(error, path[-2]))
    return Problem((*above, *path), _said(error, _value_at(block, path)))


def _said(error: Mapping[str, Any], value: Any) -> str:
    """Say what is wrong with a value."""
    match error["type"]:
        case name if name in TYPES:
            return (
                f"{_told(value)} is not of type {TYPES[name]}{advice_to_quote(value) if name == 'string_type' else ''}"
            )
        case name if name in LIMITS:
            words, limit = LIMITS[name]
            return f"{_told(value)} is {words} {error['ctx'][limit]:g}"
        case "literal_error":
            return f"{_told(value)} is not one of {_choices(error)}"
        case "kind":
            return f"{_told(value)} is not allowed; it may be {error['msg']}"
        case "string_pattern_mismatch":
            return f"{_told(value)} is not a name; use letters, digits, hyphens, underscores and points"
        case "too_short" | "string_too_short":
            least = error["ctx"]["min_length"]
            return f"{_told(value)} {'should be non-empty' if least == 1 else f'is too short; it takes {least}'}"
        case "string_too_long":
            return f"{_told(value)} has {len(value)} letters, {error['ctx']['max_length']} at most"
        case "too_long":
            return f"{_told(value)} is too long; it takes {error['ctx']['max_length']} at most"
        case "words":
            return str(error["msg"])
        case _:
            return f"{_told(value)}: {error['msg']}"


def _told(value: object) -> str:
    """Return a value for a message, of a long one how it begins."""
    return cut(repr(value))


def advice_to_quote(value: Any) -> str:
    """Say what to do about a name that YAML has read as something else."""
    plain = value is None or isinstance(value, bool | int | float | datetime.date)
    return "; a name that YAML takes for a number, a date or a flag is put in quotation marks" if plain else ""


def _choices(error: Mapping[str, Any]) -> str:
    """Return what is allowed, which pydantic writes as ``'a', 'b' or 'c'``."""
    return ", ".join(re.findall(r"'([^']*)'", error["ctx"]["expected"]))


def _value_at(block: Any, path: Path) -> Any:
    """Return what a block holds at some keys."""
    for key in path:
        block = block[key]
    return block


def _class_at(kind: Any, path: Path) -> type[Settings]:
    """Return the class of the settings at some keys of a class."""
    for key in path:
        kind = bare(kind)
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            kind = next(part for name, part in hints(kind).items() if key_of(name) == key)
        else:
            kind = typing.get_args(kind)[-1 if typing.get_origin(kind) is Mapping else 0]
        kind = _block_of(kind)
    return bare(kind)


def _block_of(kind: Any) -> Any:
    """Return what of a union has keys: settings, a block or a list; a type that is no union as it is."""
    parts = [part for part in typing.get_args(bare(kind)) if typing.get_origin(bare(kind)) in (typing.Union, UnionType)]
    known = [part for part in parts if part is not type(None) and part is not str]
    blocks = [part for part in known if typing.get_origin(bare(part)) is Mapping]
    return [*blocks, *known, kind][0]
