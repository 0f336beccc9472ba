"""Draw what becomes of sensitivity and specificity elsewhere."""

import sys
from argparse import Namespace

from crossray.figures.options import read_tables, table_options, write_figure
from crossray.program import parser, run


def draw_operating_points(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.operating_points import draw

    write_figure(arguments, draw(**read_tables(arguments.tables), settings=arguments.settings))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    table_options(options)
    return run(draw_operating_points, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
