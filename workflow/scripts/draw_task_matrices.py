"""Draw the matrix of AUC for every task, on one scale."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options
from crossray.program import parser, run


def draw_task_matrices(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.style import write
    from crossray.figures.task_matrices import draw
    from crossray.tables import read_performance, reported

    figure = draw(reported(read_performance(arguments.performance)), arguments.settings)
    write(figure, arguments.settings, arguments.svg, arguments.png, arguments.words)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--performance", required=True, type=Path, help="CSV of measure_performance.py")
    figure_options(options)
    return run(draw_task_matrices, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
