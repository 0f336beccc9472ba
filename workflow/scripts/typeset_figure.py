"""Draw a figure of a study for a paper: SVG and PDF at a journal's width, and its text and size as JSON."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_of, figure_options
from crossray.program import parser, run


def typeset_figure(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.journal import typeset

    figure, subtitle = figure_of(arguments)
    typeset(figure, arguments.svg, arguments.pdf, arguments.caption, subtitle)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    figure_options(options)
    options.add_argument("--pdf", required=True, type=Path, help="PDF to write")
    options.add_argument("--caption", required=True, type=Path, help="JSON to write: title, caption, reading, size")
    return run(typeset_figure, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
