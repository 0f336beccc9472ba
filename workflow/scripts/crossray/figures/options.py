"""Command-line options of the programs that draw a figure, and the figure that they name."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.program import settings_option
from crossray.study.stages.draw_figure import DrawFigure

if TYPE_CHECKING:
    from crossray.figures.style import Figure


def figure_options(options: ArgumentParser) -> None:
    """Add which figure is drawn, from what, and the SVG to write."""
    options.add_argument("--figure", required=True, help="name of the figure")
    options.add_argument("--tables", default=[], type=Path, nargs="*", help="the study's tables (CSV) by their names")
    options.add_argument("--folders", default=[], type=Path, nargs="*", help="folders of results by their names")
    settings_option(options, DrawFigure)
    options.add_argument("--svg", required=True, type=Path, help="SVG to write")


def figure_of(arguments: Namespace) -> "tuple[Figure, str]":
    """Return the figure that the options of :func:`figure_options` name, and what stands above it."""
    from crossray.figures.drawing import draw_figure
    from crossray.figures.style import notice

    settings = arguments.settings
    figure = draw_figure(arguments.figure, arguments.tables, arguments.folders, settings)
    return figure, notice(settings.phantoms, settings.real)
