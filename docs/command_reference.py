"""Write docs/commands.md, targets of Snakemake and options of ``crossray``, from the code. Run by ``make docs``."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.shell.command import COMMANDS, Command  # noqa: E402

PAGE = ROOT / "docs/commands.md"
RULES = [ROOT / "workflow/Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]

HEAD = """# Commands

Written by `docs/command_reference.py` (`make docs`) from the code.

## Targets of Snakemake

`snakemake TARGET --cores N --configfile STUDY.yaml`; without a target, `all` ([run a study](running.md)).

| target | what it does |
|---|---|
"""
BETWEEN = """
## The command `crossray`

`crossray COMMAND ...`, once it is installed ([how to use it](shell.md)). `crossray COMMAND --help` says the same.
"""
_RULE = re.compile(r'^(?:rule|checkpoint) (\w+):\n(?:    """([^"]*)"""\n)?((?:(?:    .*)?\n)*)', re.MULTILINE)


def targets() -> dict[str, str]:
    """Return the rules that are asked for by name, which are those without a file of their own, and what they do."""
    rules = [rule for path in RULES for rule in _RULE.findall(path.read_text(encoding="utf-8"))]
    return {name: " ".join(text.split()) for name, text, body in rules if "\n    output:" not in f"\n{body}"}


def reference() -> str:
    """Return the page."""
    rows = [f"| `{name}` | {text} |" for name, text in targets().items()]
    parts = [_section(name, command) for name, command in COMMANDS.items()]
    return HEAD + "\n".join(rows) + "\n" + BETWEEN + "".join(parts)


def _section(name: str, command: Command) -> str:
    options = argparse.ArgumentParser(add_help=False)
    command.add_options(options)
    rows = "\n".join(f"| {called} | {text} |" for called, text in _arguments(options))
    text = " ".join(command.text.split())
    what = command.line[0].upper() + command.line[1:]
    return f"\n### crossray {name}\n\n{what}. {text}\n\n| argument | meaning |\n|---|---|\n{rows}\n"


def _arguments(options: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Yield how each argument is written, and its help."""
    for action in options._actions:
        value = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
        more = " ..." if action.nargs in ("+", "*", argparse.REMAINDER) and value != "..." else ""
        choices = f"; one of {', '.join(map(str, action.choices))}" if action.choices else ""
        called = " ".join(part for part in (", ".join(action.option_strings), value) if part) + more
        yield f"`{called}`", f"{action.help}{choices}"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
