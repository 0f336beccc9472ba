"""Draw what corrections and other ways to train give back, by verdict."""

import sys
from argparse import Namespace

from crossray.figures.options import read_tables, table_options, write_figure
from crossray.program import parser, run


def draw_corrections(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.corrections import draw

    write_figure(arguments, draw(**read_tables(arguments.tables), settings=arguments.settings))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    table_options(options)
    return run(draw_corrections, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
