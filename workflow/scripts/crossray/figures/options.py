"""What every program that draws shares: its options, its tables, and how a figure is written."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.program import json_object

if TYPE_CHECKING:
    import pandas

    from crossray.figures.style import Figure


def figure_options(options: ArgumentParser) -> None:
    """Add what every program that draws takes."""
    options.add_argument(
        "--settings", required=True, type=json_object, help="what the figure needs of the study, as JSON"
    )
    options.add_argument("--svg", required=True, type=Path, help="SVG to write")
    options.add_argument("--png", required=True, type=Path, help="PNG to write")
    options.add_argument("--words", required=True, type=Path, help="JSON to write: title, caption, how to read it")


def table_options(options: ArgumentParser) -> None:
    """Add the tables of a program that draws from tables alone, and what every program that draws takes."""
    options.add_argument("--tables", required=True, type=Path, nargs="+", help="the study's tables (CSV), by file name")
    figure_options(options)


def read_tables(paths: Iterable[Path]) -> dict[str, "pandas.DataFrame"]:
    """Read tables by the names of their files; of the performance the rows that a report shows."""
    from crossray.tables import read, reported

    return {path.stem: reported(read(path)) if path.stem == "performance" else read(path) for path in paths}


def write_figure(arguments: Namespace, figure: "Figure") -> None:
    """Write a figure to the files that the options name."""
    from crossray.figures.style import write

    write(figure, arguments.settings, arguments.svg, arguments.png, arguments.words)
