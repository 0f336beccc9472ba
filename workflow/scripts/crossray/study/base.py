"""Base of all settings classes: frozen, and convertible to and from JSON. Standard library only.

A class of settings is a frozen dataclass. The string below a field documents it: docs and the schema for editors are
generated from it, and the code digest ignores it. Limits stand in a field's annotation; pydantic checks them where
the
configuration is read (:mod:`crossray.study.reading`), and no program needs it.
"""

import dataclasses
import functools
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

from crossray.errors import UserError

T = TypeVar("T")
S = TypeVar("S", bound="Settings")


class _LeftOut:
    """Marks a field that may be left out, and whose key is then left out too wherever the settings are written."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Let pydantic refuse a key without a value, as it was perhaps forgotten."""
        (kind,) = [part for part in typing.get_args(source) if part is not types.NoneType]
        return handler.generate_schema(kind)


#: of a field: None says that it is left out
LeftOut = Annotated[T | None, _LeftOut()]


def key_of(field: str) -> str:
    """Return the key of a field: its name, without the underscore that distinguishes it from a Python keyword."""
    return field.removesuffix("_")


def as_text(values: Mapping[str, Any]) -> str:
    """Write values as JSON without braces in text, which Snakemake would read as wildcards: they are JSON-escaped."""
    return re.sub(r'\{(?!["}])', r"\\u007b", json.dumps(values, sort_keys=True))


class Settings:
    """Settings, to be derived from by frozen dataclasses."""

    #: whether a part of the keys will do
    PARTIAL: ClassVar = False
    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True, "alias_generator": key_of}

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by their keys, as JSON has them, without those that are left out."""
        return {
            key_of(name): _plain(value)
            for name, optional in _fields(type(self)).items()
            if (value := getattr(self, name)) is not None or not optional
        }

    def to_json(self) -> str:
        """Write the settings as one string that is the same whatever the order of the fields."""
        return as_text(self.as_dict())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            UserError: if ``text`` is not a JSON object with the keys of these settings.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(f"not JSON ({error}): {text}") from error
        if not isinstance(values, dict):
            raise UserError(f"not a JSON object: {text}")
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make settings of what :meth:`as_dict` returned; their limits are not checked again.

        Raises:
            UserError: if a key is unknown or missing.
        """
        keys = {key_of(field.name): field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        if unknown := [key for key in values if key not in keys]:
            raise UserError(f"unknown key {', '.join(unknown)}; allowed are {', '.join(sorted(keys))}")
        missing = [key for key, field in keys.items() if key not in values and _is_required(field)]
        if missing and not cls.PARTIAL:
            raise UserError(f"the key {', '.join(missing)} is missing")
        kinds = hints(cls)
        return cls(**{keys[key].name: _built(kinds[keys[key].name], value) for key, value in values.items()})


def taken(kind: type[S], settings: Settings, **more: Any) -> S:
    """Return settings of a class: those of its fields that other settings have too, and more."""
    names = (field.name for field in dataclasses.fields(cast("Any", kind)))
    common = {name: getattr(settings, name) for name in names if name not in more and hasattr(settings, name)}
    return kind(**common, **more)


def _hints(kind: type) -> dict[str, Any]:
    """Return the annotations of a class's fields, limits and marks included."""
    annotations = typing.get_type_hints(kind, include_extras=True)
    return {field.name: annotations[field.name] for field in dataclasses.fields(kind)}


hints: Callable[[type], dict[str, Any]] = functools.cache(_hints)


def _fields(kind: type) -> dict[str, bool]:
    """Return the fields of a class of settings, and whether each may be left out."""
    kinds = hints(kind)
    return {
        field.name: any(isinstance(mark, _LeftOut) for mark in getattr(kinds[field.name], "__metadata__", ()))
        for field in dataclasses.fields(kind)
    }


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def bare(kind: Any) -> Any:
    """Return a type without limits and marks."""
    while typing.get_origin(kind) is Annotated:
        kind = typing.get_args(kind)[0]
    return kind


def _built(kind: Any, value: Any) -> Any:
    """Make what a field holds of plain values: settings of blocks, tuples of lists."""
    kind = bare(kind)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        made = [_built(part, value) for part in parts]
        return next((item for item in made if item is not value), value)
    if isinstance(kind, type) and issubclass(kind, Settings) and isinstance(value, Mapping):
        return kind.from_dict(value)
    if origin is tuple and isinstance(value, list):
        return tuple(_built(parts[0], item) for item in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {key: _built(parts[1], item) for key, item in value.items()}
    return value
