"""Draw a figure of a study: SVG, PNG, and its text as JSON."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.draw_figure import DrawFigure


def draw_figure(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.drawing import drawn
    from crossray.figures.style import notice, write

    figure = drawn(arguments.figure, arguments.tables, arguments.folders, arguments.settings)
    subtitle = notice(arguments.settings.phantoms, arguments.settings.real)
    write(figure, arguments.svg, arguments.png, arguments.caption, subtitle)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--figure", required=True, help="name of the figure")
    options.add_argument("--tables", default=[], type=Path, nargs="*", help="the study's tables (CSV) by their names")
    options.add_argument("--folders", default=[], type=Path, nargs="*", help="folders of results by their names")
    settings_option(options, DrawFigure)
    options.add_argument("--svg", required=True, type=Path, help="SVG to write")
    options.add_argument("--png", required=True, type=Path, help="PNG to write")
    options.add_argument("--caption", required=True, type=Path, help="JSON to write: title, caption, how to read it")
    return run(draw_figure, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
