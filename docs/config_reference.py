"""Write the reference of configuration keys in config/README.md from the schema: python docs/config_reference.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
MARK = "<!-- the reference below is written by docs/config_reference.py -->\n"


def write(schema_path: Path) -> str:
    """Return the reference as Markdown tables, one a block of the configuration."""
    schema = yaml.safe_load(schema_path.read_text(encoding="utf-8"))
    definitions = schema["$defs"]
    blocks = [
        ("The study", "", schema),
        ("Each data set", "datasets.NAME.", definitions["dataset"]),
        ("Data sets with `reader: table`", "datasets.NAME.", definitions["table"]),
        ("Data sets with `reader: simulated`", "datasets.NAME.", definitions["simulated"]),
    ]
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


if __name__ == "__main__":
    page = ROOT / "config/README.md"
    head = page.read_text(encoding="utf-8").split(MARK)[0]
    page.write_text(head + MARK + "\n" + write(ROOT / "workflow/schemas/config.schema.yaml"), encoding="utf-8")
