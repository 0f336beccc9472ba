"""Draw a figure of a study: SVG, PNG, and its text as JSON."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_of, figure_options
from crossray.program import parser, run


def draw_figure(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.style import write

    figure, subtitle = figure_of(arguments)
    write(figure, arguments.svg, arguments.png, arguments.caption, subtitle)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    figure_options(options)
    options.add_argument("--png", required=True, type=Path, help="PNG to write")
    options.add_argument("--caption", required=True, type=Path, help="JSON to write: title, caption, how to read it")
    return run(draw_figure, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
