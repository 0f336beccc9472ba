"""Write what docs and editors say of settings, from the classes of settings and from readers.

The keys in config/README.md, the schema for editors, the policies in docs/labels.md. Run by ``make docs``.
"""

import ast
import dataclasses
import inspect
import json
import sys
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.datasets import READERS, find_reader  # noqa: E402
from crossray.datasets.configured import options_of  # noqa: E402
from crossray.study.base import Settings, bare, hints, key_of  # noqa: E402
from crossray.study.config import Study  # noqa: E402
from crossray.study.datasets import Dataset, with_reader  # noqa: E402
from crossray.study.versions import MIGRATIONS, VERSION  # noqa: E402

MARK = "<!-- the reference below is written by docs/config_reference.py -->\n"

#: names that annotations have for limits -> those of JSON Schema
LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def meanings(kind: type[Any]) -> dict[str, str]:
    """Return what the strings under the fields of a class say, those of the classes that it derives from included."""
    found: dict[str, str] = {}
    for part in reversed(
        [part for part in kind.__mro__ if dataclasses.is_dataclass(part) and "<" not in part.__module__]
    ):
        try:
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        except OSError:  # a class of a reader's settings and those of all data sets, which has no text of its own
            continue
        assert isinstance(tree, ast.ClassDef)
        for field, text in zip(tree.body, tree.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return found


def reference() -> str:
    """Return the version of configurations, and its keys as Markdown tables, one a block of the configuration."""
    lines = [f"These are the keys of version {VERSION} of configurations.", ""]
    lines += [f"- From version {number}: {line}" for number, line in enumerate(MIGRATIONS, start=1)]
    return "\n".join([*lines, "", *(_block(*block) for block in _blocks())])


def all_keys() -> list[str]:
    """Return every key that a configuration can have, NAME in place of any name."""
    return [key for _, prefix, kind, names in _blocks() for key, _, _ in _keys(prefix, kind, names)]


def _blocks() -> list[tuple[str, str, type[Settings], set[str]]]:
    """Return the heading of each block, what its keys begin with, its class, and which of its fields it has."""
    blocks: list[tuple[str, str, type[Settings], set[str]]] = [
        ("The study", "", Study, set(hints(Study))),
        ("Each data set", "datasets.NAME.", Dataset, set(hints(Dataset))),
    ]
    for kind in _classes_of_options():
        readers = [f"`{name}`" for name in READERS if issubclass(options_of(name), kind)]
        own = set(kind.__annotations__)
        blocks.append((f"Data sets with the reader {' or '.join(readers)}", "datasets.NAME.", kind, own))
    return blocks


def _classes_of_options() -> list[type[Settings]]:
    """Return every class that brings readers settings, those of many readers first."""
    found: dict[type[Settings], None] = {}
    for name in READERS:
        for kind in reversed(options_of(name).__mro__):
            if kind is not Settings and issubclass(kind, Settings) and kind.__annotations__:
                found[kind] = None
    return list(found)


def _block(title: str, prefix: str, kind: type[Settings], names: set[str]) -> str:
    lines = [f"## {title}", "", "| key | default | description |", "|---|---|---|"]
    lines += [f"| `{key}` | {default} | {words} |" for key, default, words in _keys(prefix, kind, names)]
    return "\n".join([*lines, ""])


def _keys(prefix: str, kind: type[Settings], names: set[str]) -> Iterator[tuple[str, str, str]]:
    said = meanings(kind)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name not in names:
            continue
        annotation, key = hints(kind)[field.name], f"{prefix}{key_of(field.name)}"
        inner, path = _settings_in(annotation)
        is_block = inner is not None and not path
        if not is_block or field.default is None:
            choices = READERS if field.name == "reader" else _literals(annotation)
            yield key, _default(field), said[field.name] + _written(choices)
        if inner is not None and inner is not Dataset and (path or not _is_choice(annotation)):
            yield from _keys(f"{key}{path}.", inner, set(hints(inner)))


def _settings_in(annotation: Any) -> tuple[type[Settings] | None, str]:
    """Return the class of settings that a field holds, itself or by name, and what stands for the name."""
    kind = bare(annotation)
    if isinstance(kind, type) and issubclass(kind, Settings):
        return kind, ""
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
    if typing.get_origin(kind) is Mapping:
        return _settings_in(parts[1])[0], ".NAME"
    if typing.get_origin(kind) is tuple:
        return _settings_in(parts[0])[0], ".NUMBER"
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next((found for part in parts if (found := _settings_in(part))[0]), (None, ""))
    return None, ""


def _is_choice(annotation: Any) -> bool:
    """Return whether a field holds a block or something else, whose text says what."""
    kind = bare(annotation)
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
    return typing.get_origin(kind) in (typing.Union, types.UnionType) and len(parts) > 1


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
        return "required"
    value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    if value is None and "LeftOut" in str(field.type):
        return ""
    return f"`{json.dumps(value, default=_plain)}`"


def _plain(value: Any) -> Any:
    """Return what JSON has for a default; of settings what differs from their own defaults, in a model nothing."""
    return {} if isinstance(value, Settings) else list(value)


def _written(choices: Iterable[str]) -> str:
    words = ", ".join(f"`{value}`" for value in choices)
    return f" One of {words}." if words else ""


def _literals(annotation: Any) -> Iterator[str]:
    kind = bare(annotation)
    if typing.get_origin(kind) is Literal:
        yield from typing.get_args(kind)
    elif typing.get_origin(kind) in (typing.Union, types.UnionType, tuple):
        for part in typing.get_args(kind):
            yield from _literals(part)


def schema() -> str:
    """Return the schema of configurations for editors, as YAML."""
    whole = TypeAdapter(Study).json_schema()
    definitions = whole.pop("$defs")
    for name in READERS:
        part = TypeAdapter(with_reader(name, options_of(name))).json_schema()
        definitions |= part.pop("$defs") | {f"reader_{name}": part}
    by_reader = [
        {"if": {"properties": {"reader": {"const": name}}}, "then": {"$ref": f"#/$defs/reader_{name}"}}
        for name in READERS
    ]
    dataset = {"type": "object", "required": ["reader"], "properties": {"reader": {"enum": list(READERS)}}}
    whole["properties"]["datasets"]["additionalProperties"] = dataset | {"allOf": by_reader}
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": definitions}
    said = {kind.__name__: meanings(kind) for kind in _all_settings(Study, *map(options_of, READERS))}
    said |= {f"reader_{name}": meanings(Dataset) | meanings(options_of(name)) for name in READERS}
    for name, part in {"Study": whole, **definitions}.items():
        for key, value in part.get("properties", {}).items():
            value.pop("title", None)
            if words := said.get(name, {}).get(key):
                value["description"] = words
    text = yaml.safe_dump(_with_limits(whole), sort_keys=False, allow_unicode=True, width=120)
    return (
        f"# Written by docs/config_reference.py (make docs) from workflow/scripts/crossray/study; for editors.\n{text}"
    )


def _all_settings(*kinds: type[Settings]) -> Iterator[type[Settings]]:
    """Yield classes of settings, and those of the blocks in them."""
    for kind in kinds:
        yield kind
        yield from _all_settings(*filter(None, (_settings_in(annotation)[0] for annotation in hints(kind).values())))


def _with_limits(part: Any) -> Any:
    """Return a part of a schema with the words that JSON Schema has for limits."""
    if isinstance(part, list):
        return [_with_limits(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {LIMITS.get(key, key): _with_limits(value) for key, value in part.items()}


def policies() -> str:
    """Return what each reader's label policies choose, as a Markdown table."""
    lines = ["| reader | setting | policy `default` | policy `paper` |", "|---|---|---|---|"]
    for name in READERS:
        choices = find_reader(name).POLICIES
        for setting, value in choices["default"].items():
            paper = choices["paper"][setting] if "paper" in choices else None
            cells = _choice(value), "" if paper is None else _choice(paper)
            lines.append(f"| `{name}` | `{setting}` | {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, ""])


def _choice(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value).lower()


SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"

#: page -> what is written below its mark
PAGES = {ROOT / "config/README.md": reference, ROOT / "docs/labels.md": policies}


if __name__ == "__main__":
    for page, content in PAGES.items():
        head = page.read_text(encoding="utf-8").split(MARK)[0]
        page.write_text(head + MARK + "\n" + content(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
