"""Draw the images on which two models differ most."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options, write_figure
from crossray.program import parser, run


def draw_disagreements(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.disagreements import draw, with_pixels
    from crossray.tables import read

    extremes = read(arguments.extremes)
    write_figure(arguments, draw(with_pixels(extremes, arguments.datasets, arguments.settings), arguments.settings))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--extremes", required=True, type=Path, help="extremes of compare_outputs.py (CSV)")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets, with their shards")
    figure_options(options)
    return run(draw_disagreements, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
