"""Words of a methods section: lists, shares and settings as a reader of a paper expects them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """A part of the methods.

    Attributes:
        heading: above it.
        paragraphs: its text; ``[@key]`` cites an entry of ``resources/methods/references.bib``.
    """

    heading: str
    paragraphs: tuple[str, ...]


def part(heading: str, *paragraphs: str) -> Part:
    """Return a part without the paragraphs that are empty."""
    return Part(heading, tuple(words for words in paragraphs if words))


def named(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def alike(said: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is said of several things -> the names of those of which it is."""
    groups: dict[str, list[str]] = {}
    for name, words in said.items():
        groups.setdefault(words, []).append(name)
    return groups


def of_each(said: Mapping[str, str]) -> str:
    """Return what is said of each of several things: once where it is the same of all."""
    groups = alike(said)
    if len(groups) == 1:
        return next(iter(groups))
    return "; ".join(f"{words} ({named(names)})" for words, names in groups.items())


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:g}%"


def written(value: Any) -> str:
    """Return the value of a setting in words; blocks in brackets."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "(" + "; ".join(f"{spaced(key)} {written(inner)}" for key, inner in value.items()) + ")"
    if isinstance(value, list | tuple):
        return ", ".join(map(written, value)) if value else "none"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value) if value != "" else "''"


def spaced(key: str) -> str:
    """Return the name of a setting as words."""
    return key.replace("_", " ")


def listed_settings(settings: Mapping[str, Any]) -> str:
    """Return settings as ``name value; name value``."""
    return "; ".join(f"{spaced(key)} {written(value)}" for key, value in settings.items())
