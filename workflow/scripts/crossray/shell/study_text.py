"""A study as YAML with comments, which say where each of its values comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Entry:
    """A key of a study.

    Attributes:
        key: the key.
        value: its value, unless keys are below it.
        why: where the value comes from, for a comment.
        below: keys below it.
    """

    key: str
    value: Any = None
    why: str = ""
    below: Sequence["Entry"] = ()


def as_yaml(entries: Sequence[Entry], indent: int = 0) -> Iterator[str]:
    """Yield the lines of a block."""
    for entry in entries:
        comment = f"  # {' '.join(entry.why.split())}" if entry.why else ""
        value = "" if entry.below else f" {in_a_line(entry.value)}"
        yield f"{' ' * indent}{in_a_line(entry.key)}:{value}{comment}"
        yield from as_yaml(entry.below, indent + 2)


def in_a_line(value: Any) -> str:
    """Write a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")
