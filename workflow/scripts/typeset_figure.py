"""Draw a figure of a study for a paper: SVG and PDF at a journal's width, and its text and size as JSON."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.draw_figure import DrawFigure


def typeset_figure(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.drawing import drawn
    from crossray.figures.journal import typeset
    from crossray.figures.style import notice

    figure = drawn(arguments.figure, arguments.tables, arguments.folders, arguments.settings)
    subtitle = notice(arguments.settings.phantoms, arguments.settings.real)
    typeset(figure, arguments.svg, arguments.pdf, arguments.caption, subtitle)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--figure", required=True, help="name of the figure")
    options.add_argument("--tables", default=[], type=Path, nargs="*", help="the study's tables (CSV) by their names")
    options.add_argument("--folders", default=[], type=Path, nargs="*", help="folders of results by their names")
    settings_option(options, DrawFigure)
    options.add_argument("--svg", required=True, type=Path, help="SVG to write")
    options.add_argument("--pdf", required=True, type=Path, help="PDF to write")
    options.add_argument("--caption", required=True, type=Path, help="JSON to write: title, caption, reading, size")
    return run(typeset_figure, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
