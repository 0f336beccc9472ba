"""Write what the docs say of settings, from the code: the keys in config/README.md, the policies in docs/labels.md.

Run by ``make docs``.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.datasets import READERS, find_reader  # noqa: E402

MARK = "<!-- the reference below is written by docs/config_reference.py -->\n"


def write(schema_path: Path) -> str:
    """Return the reference as Markdown tables, one a block of the configuration."""
    schema = yaml.safe_load(schema_path.read_text(encoding="utf-8"))
    definitions = schema["$defs"]
    blocks = [("The study", "", schema), ("Each data set", "datasets.NAME.", definitions["dataset"])]
    for part in definitions["dataset"]["allOf"]:
        readers = " or ".join(f"`{name}`" for name in part["if"]["properties"]["reader"]["enum"])
        node = definitions[part["then"]["$ref"].removeprefix("#/$defs/")]
        blocks.append((f"Data sets with the reader {readers}", "datasets.NAME.", node))
    return "\n".join(_block(title, prefix, node, definitions) for title, prefix, node in blocks)


def _block(title: str, prefix: str, node: dict[str, Any], definitions: dict[str, Any]) -> str:
    lines = [f"### {title}", "", "| key | default | what it is |", "|---|---|---|"]
    lines += [f"| `{key}` | {default} | {words} |" for key, default, words in _keys(prefix, node, definitions)]
    return "\n".join([*lines, ""])


def _keys(prefix: str, node: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    required = node.get("required", ())
    for name, raw in node["properties"].items():
        part = {**definitions.get(raw.get("$ref", "").removeprefix("#/$defs/"), {}), **raw}
        inner = part.get("additionalProperties")
        if "properties" in part:
            yield from _keys(f"{prefix}{name}.", part, definitions)
        elif isinstance(inner, dict) and "properties" in inner:
            yield f"{prefix}{name}", _default(part, name in required), _words(part)
            yield from _keys(f"{prefix}{name}.NAME.", inner, definitions)
        else:
            yield f"{prefix}{name}", _default(part, name in required), _words(part)


def _default(part: dict[str, Any], required: bool) -> str:
    if required:
        return "required"
    return f"`{json.dumps(part['default'])}`" if "default" in part else ""


def _words(part: dict[str, Any]) -> str:
    choices = f" One of {', '.join(f'`{value}`' for value in part['enum'])}." if "enum" in part else ""
    return part.get("description", "") + choices


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


#: page -> what is written below its mark
PAGES = {
    ROOT / "config/README.md": lambda: write(ROOT / "workflow/schemas/config.schema.yaml"),
    ROOT / "docs/labels.md": policies,
}


if __name__ == "__main__":
    for page, content in PAGES.items():
        head = page.read_text(encoding="utf-8").split(MARK)[0]
        page.write_text(head + MARK + "\n" + content(), encoding="utf-8")
