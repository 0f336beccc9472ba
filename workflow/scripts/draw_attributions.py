"""Draw where models look in the most telling images of each pair of a source and a target."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options, write_figure
from crossray.program import parser, run


def draw_attributions(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.attributions import choose, draw

    chosen = choose(arguments.attributions, arguments.datasets, arguments.settings)
    write_figure(arguments, draw(chosen, arguments.settings))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--attributions", required=True, type=Path, help="folder of the study's maps of attribution")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets, with shards and regions")
    figure_options(options)
    return run(draw_attributions, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
