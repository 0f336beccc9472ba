"""Kinds of values that settings have, with their limits. Standard library only but for the marks of limits."""

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, Gt, Le, Len, Lt

from crossray.study.base import bare, key_of

#: what a name looks like
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
LONGEST_NAME = 100


class _Checked:
    """A mark of a check that pydantic has none for."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Put the check after those of the type."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: Any) -> Any:
        """Return the value, or raise an error whose text goes after the key."""
        raise NotImplementedError


class _AsWritten(_Checked):
    """A number that stays what it is written as, 45 or 45.0."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Check the number, and keep it."""
        from pydantic_core import core_schema

        return core_schema.no_info_wrap_validator_function(_kept, handler(source))


def _kept(value: Any, check: Any) -> Any:
    check(value)
    return value


class _Named(_Checked):
    """A text that becomes part of file names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Check the text."""
        from pydantic_core import core_schema

        return core_schema.str_schema(pattern=NAME, max_length=LONGEST_NAME, strict=True)


class _Unique(_Checked):
    """A list without anything twice."""

    def check(self, value: Sequence[Hashable]) -> Sequence[Hashable]:
        """Refuse what is there twice."""
        if twice := [item for place, item in enumerate(value) if item in value[:place]]:
            raise _wrong(f"{twice[0]!r} is there twice; take one out")
        return value


class Obeys(_Checked):
    """A value of which a function says nothing wrong; what it says goes after the key."""

    def __init__(self, wrong: Callable[[Any], str | None]) -> None:
        self.wrong = wrong

    def check(self, value: Any) -> Any:
        """Refuse what the function says something of."""
        if words := self.wrong(value):
            raise _wrong(words)
        return value


class OneKindOf(_Checked):
    """A value of one of the kinds of a union, which is told by what it is; the message names them all."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Check the value by its own kind alone."""
        from pydantic_core import core_schema

        kinds = {_kind(part): part for part in typing.get_args(source)}
        words = [_words(kind, kinds[kind]) for kind in KINDS.values() if kind in kinds]
        return core_schema.tagged_union_schema(
            {kind: handler.generate_schema(part) for kind, part in kinds.items()},
            discriminator=_kind_of,
            custom_error_type="kind",
            custom_error_message=f"{', '.join(words[:-1])}, or {words[-1]}",
        )


#: names of the kinds of values, which stand in the places of errors
KINDS = {str: "(a text)", types.NoneType: "(nothing)", Mapping: "(a block)", tuple: "(a list)", float: "(a number)"}


def _kind(part: Any) -> str:
    part = bare(part)
    return KINDS.get(typing.get_origin(part) or part, KINDS[Mapping])


def _kind_of(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    found = {dict: Mapping, list: tuple, int: float}.get(type(value), type(value))
    return KINDS.get(found)


def _words(kind: str, part: Any) -> str:
    """Name a kind; of a block say what it must have."""
    part = bare(part)
    required: list[str] = []
    if kind == KINDS[Mapping] and isinstance(part, type):
        fields = dataclasses.fields(part)
        required = [key_of(one.name) for one in fields if one.default is dataclasses.MISSING]
    return kind.strip("()") + (f" with {' and '.join(required)}" if required else "")


class WithAll(_Checked):
    """A block with a value for each of some keys.

    Args:
        keys: what must be there.
        default: what those that are left out get; a block without them is refused where there is none.
    """

    def __init__(self, keys: Sequence[str], default: float | None = None) -> None:
        self.keys, self.default = keys, default

    def check(self, value: Mapping[str, float]) -> Mapping[str, float]:
        """Fill in what is left out, or refuse the block."""
        if unknown := [key for key in value if key not in self.keys]:
            raise _wrong(f"unknown key {', '.join(unknown)}; allowed are {', '.join(self.keys)}")
        missing = [key for key in self.keys if key not in value]
        if self.default is None and missing:
            raise _wrong(f"the key {', '.join(missing)} is missing")
        return {**value, **{key: self.default for key in missing if self.default is not None}}


def _wrong(words: str) -> Exception:
    from pydantic_core import PydanticCustomError

    return PydanticCustomError("words", "{words}", {"words": words})


T = TypeVar("T")

Name = Annotated[str, _Named()]
Text = Annotated[str, Len(1)]
Number = Annotated[float, _AsWritten()]
Share = Annotated[Number, Ge(0), Le(1)]
#: a share that is neither none nor all
Part = Annotated[Number, Gt(0), Lt(1)]
#: a list with something in it, nothing twice
Several = Annotated[tuple[T, ...], Len(1), _Unique()]
