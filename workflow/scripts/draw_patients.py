"""Draw views, sexes and ages in each data set."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options
from crossray.program import parser, run


def draw_patients(arguments: Namespace) -> None:
    """Read, draw, write."""
    import pandas as pd

    from crossray.figures.patients import draw
    from crossray.figures.style import write

    figure = draw(pd.read_csv(arguments.counts), arguments.settings)
    write(figure, arguments.settings, arguments.svg, arguments.png, arguments.words)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--counts", required=True, type=Path, help="CSV of counts of summarise_datasets.py")
    figure_options(options)
    return run(draw_patients, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
