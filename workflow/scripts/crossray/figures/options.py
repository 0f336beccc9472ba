"""The command-line options that every program that draws has beside those for its tables."""

from argparse import ArgumentParser
from pathlib import Path

from crossray.program import json_object


def figure_options(options: ArgumentParser) -> None:
    """Add what every program that draws takes beside its tables."""
    options.add_argument(
        "--settings", required=True, type=json_object, help="what the figure needs of the study, as JSON"
    )
    options.add_argument("--svg", required=True, type=Path, help="SVG to write")
    options.add_argument("--png", required=True, type=Path, help="PNG to write")
    options.add_argument("--words", required=True, type=Path, help="JSON to write: title, caption, how to read it")
