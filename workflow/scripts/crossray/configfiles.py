"""Errors in the text of a configuration that YAML's reader ignores, or reports in its own terms.

The workflow imports this at start, so it stays light.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from crossray.errors import UserError

#: what YAML takes a text without quotation marks for
_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "timestamp": "a date"}
_TAG = "tag:yaml.org,2002:"
#: the top-level key that distinguishes a study from other settings
_STUDY = "datasets"
#: values that a configuration has at most
_LARGEST = 1_000_000


def check_text(path: Path) -> None:
    """Check the text of a configuration, YAML or JSON, before it is used.

    Raises:
        UserError: if it is not readable, a key is given twice, or a name in a study would be read as a number, a date
            or a flag; the message names the line, and what to write there.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not in UTF-8; save it so") from error
    try:
        if _is_json(text, path):
            return
        document = yaml.compose(text, Loader=yaml.SafeLoader)
        _check_size(document, path, {})
        yaml.load(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {_not_yaml(error, text)}") from error
    except RecursionError as error:
        raise UserError(f"{path}: its blocks are nested too deeply for a configuration") from error
    except ValueError as error:  # a date such as 2017-13-01, or a number of thousands of digits
        raise UserError(f"{path}: a value is not what it looks like ({error}); put it in quotation marks") from error
    if not isinstance(document, yaml.MappingNode):
        raise UserError(f"{path}: a configuration is keys with values, such as `study: demo`")
    for mapping in _mappings(document, set()):
        _check_keys(mapping, path)
    if any(key.value == _STUDY for key, _ in document.value):
        for mapping in _mappings(document, set()):
            _check_names(mapping, path)


def _is_json(text: str, path: Path) -> bool:
    """Return whether a text is an object in JSON; else it is YAML."""
    try:
        document = json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, path))
    except json.JSONDecodeError:
        return False
    return isinstance(document, dict)


def _check_size(node: yaml.Node | None, path: Path, sizes: dict[int, int]) -> int:
    """Return how many values a part of a document has once what is said by reference is written out.

    Raises:
        UserError: if those are more than a configuration has, or a part contains itself.
    """
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = 0
        parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        sizes[id(node)] = 1 + sum(_check_size(part, path, sizes) for part in parts)
    elif not sizes[id(node)]:
        raise UserError(f"{path}: line {node.start_mark.line + 1}: this block contains itself, by its reference (*)")
    if sizes[id(node)] > _LARGEST:
        raise UserError(f"{path}: its references (*) written out are more than {_LARGEST:,} values")
    return sizes[id(node)]


def _unique(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    keys = dict(pairs)
    for key in keys:
        if sum(key == other for other, _ in pairs) > 1:
            raise UserError(f"{path}: the key {key!r} is given twice in one block; delete or rename one")
    return keys


def _not_yaml(error: yaml.YAMLError, text: str) -> str:
    """Say in one line where and why a text is not YAML."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "not readable as YAML"
    lines = text.splitlines()
    for number in range(min(mark.line + 1, len(lines)), 0, -1):
        if re.match(r" *\t", lines[number - 1]):
            return f"line {number} is indented with a tab, which YAML does not take; use spaces"
        if lines[number - 1].strip():
            break
    problem = getattr(error, "problem", None) or "something else was expected here"
    return (
        f"line {mark.line + 1}, column {mark.column + 1}: not readable as YAML: {problem}; a text with a colon, a "
        "bracket or a sign such as * or % must be quoted"
    )


def _mappings(node: yaml.Node, seen: set[int]) -> Iterator[yaml.MappingNode]:
    """Yield every block of a document, one that is used several times once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value, seen)


def _check_keys(mapping: yaml.MappingNode, path: Path) -> None:
    """Refuse a key that is given twice; of both YAML's reader would take the last without a word."""
    first: dict[tuple[str, str], yaml.Node] = {}
    for key, _ in mapping.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
            continue
        other = first.setdefault((key.tag, key.value), key)
        if other is not key:
            lines = " and ".join(str(node.start_mark.line + 1) for node in (other, key))
            raise UserError(
                f"{path}: the key {key.value!r} is given twice in one block, in lines {lines}; delete or rename one"
            )


def _check_names(mapping: yaml.MappingNode, path: Path) -> None:
    """Refuse a key that is no text to YAML."""
    for key, _ in mapping.value:
        kind = _KINDS.get(key.tag.removeprefix(_TAG))
        if isinstance(key, yaml.ScalarNode) and kind:
            raise UserError(
                f"{path}: line {key.start_mark.line + 1}: YAML reads the name {key.value} as {kind}; put it in "
                f'quotation marks: "{key.value}"'
            )
