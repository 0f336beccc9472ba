"""Draw what each model loses between home and elsewhere, with intervals."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options
from crossray.program import parser, run


def draw_drop(arguments: Namespace) -> None:
    """Read, draw, write."""
    import pandas as pd

    from crossray.figures.drop import draw
    from crossray.figures.style import write

    figure = draw(pd.read_csv(arguments.transfer), pd.read_csv(arguments.summary), arguments.settings)
    write(figure, arguments.settings, arguments.svg, arguments.png, arguments.words)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--transfer", required=True, type=Path, help="CSV of measure_transfer.py")
    options.add_argument("--summary", required=True, type=Path, help="its summary (CSV)")
    figure_options(options)
    return run(draw_drop, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
