"""From a configuration to a study: validated, defaults filled in; the first error is reported in one line.

Needs pydantic: the workflow imports this, and no program does.
"""

import functools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from crossray.errors import UserError, cut
from crossray.study.base import Settings
from crossray.study.checks import contradictions, has_control
from crossray.study.config import Study
from crossray.study.datasets import Dataset, with_reader
from crossray.study.messages import Problem, advice_to_quote, problem_of

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Readers:
    """The readers of data sets that there are: their names, and what returns the class of one's own settings."""

    names: Sequence[str]
    settings_of: Callable[[str], type[Settings]]


def read_study(config: Mapping[str, Any], readers: Readers) -> Study:
    """Return the study that a configuration describes.

    Raises:
        UserError: if a key or value is not allowed, or names a data set or task that is not there; the message names
            the key and what is allowed.
    """
    for words in (*_keys_that_are_no_text(config), *_values_that_no_file_takes(config)):
        raise UserError(f"config: {words}")
    study, problems = _validated(Study, config)
    blocks = config.get("datasets")
    datasets: dict[str, Dataset] = {}
    for name, block in blocks.items() if isinstance(blocks, Mapping) else ():
        dataset, wrong = _read_dataset(name, block, readers)
        problems += wrong
        if dataset:
            datasets[name] = dataset
    study = _without_problems(study, problems)
    study = replace(study, datasets=datasets)
    for words in contradictions(study):
        raise UserError(f"config: {words}")
    return study


def read_part(kind: type[S], block: Mapping[str, Any], *above: str) -> S:
    """Return settings of a block that stands elsewhere than at its own key; ``above`` are the keys that it is under.

    Raises:
        UserError: if the block does not fit.
    """
    return _without_problems(*_validated(kind, block, *above))


def _read_dataset(name: str, block: Any, readers: Readers) -> tuple[Dataset | None, list[Problem]]:
    """Return a data set, by the class of the reader that its block names, or what is wrong with the block."""
    path = ("datasets", name)
    if not isinstance(block, Mapping):
        return None, [Problem(path, f"{cut(repr(block))} is not of type object")]
    if "reader" not in block:
        return None, [Problem(path, "the key reader is missing")]
    reader = block["reader"]
    if reader not in readers.names:
        return None, [Problem((*path, "reader"), f"{cut(repr(reader))} is not one of {', '.join(readers.names)}")]
    return _validated(with_reader(reader, readers.settings_of(reader)), block, *path)


def _validated(kind: type[S], block: Mapping[str, Any], *above: str) -> tuple[S | None, list[Problem]]:
    """Return the settings of a block, or what is wrong with it."""
    try:
        # JSON has neither tuples nor dates, so that strictness is about what a file can say.
        return _adapter(kind).validate_json(json.dumps(block, default=lambda value: {"": repr(value)})), []
    except ValidationError as errors:
        return None, [problem_of(error, kind, block, above) for error in errors.errors(include_url=False)]


_adapter: Callable[[type], TypeAdapter[Any]] = functools.cache(TypeAdapter)


def _without_problems(settings: S | None, problems: Sequence[Problem]) -> S:
    """Return the settings, or raise the first of the problems that lie deepest."""
    if problems:
        raise UserError(str(max(problems, key=Problem.rank)))
    assert settings is not None
    return settings


def _keys_that_are_no_text(block: Any, above: str = "") -> Iterator[str]:
    """Yield what is wrong with names that YAML has read as something else, such as 2017 or no."""
    if isinstance(block, list):
        for item in block:
            yield from _keys_that_are_no_text(item, above)
    elif isinstance(block, Mapping):
        for key, value in block.items():
            if not isinstance(key, str):
                yield f"{above or 'the top level'}: the name {key!r} is not text{advice_to_quote(key)}"
            yield from _keys_that_are_no_text(value, f"{above}.{key}" if above else str(key))


def _values_that_no_file_takes(block: Any, above: str = "") -> Iterator[str]:
    """Yield what is wrong with texts and numbers that cannot be written to a table, a page or a command line."""
    if isinstance(block, Mapping):
        for key, value in block.items():
            yield from _values_that_no_file_takes(key, f"{above or 'the top level'}: a name")
            yield from _values_that_no_file_takes(value, f"{above}.{key}" if above else str(key))
    elif isinstance(block, list):
        for item in block:
            yield from _values_that_no_file_takes(item, above)
    elif isinstance(block, str) and any(map(has_control, re.split("\r?\n", block))):
        yield f"{above}: {cut(repr(block))} has a sign that is not printed, or is half of one; leave it out"
    elif isinstance(block, float) and not math.isfinite(block):
        yield f"{above}: {block} is not a finite number"
