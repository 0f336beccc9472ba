"""Draw loss and validation AUC by epoch, with the epoch that was kept."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options
from crossray.program import parser, run


def draw_training_curves(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.style import write
    from crossray.figures.training_curves import draw, histories

    figure = draw(histories(arguments.models, arguments.settings), arguments.settings)
    write(figure, arguments.settings, arguments.svg, arguments.png, arguments.words)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--models", required=True, type=Path, help="folder of the study's models")
    figure_options(options)
    return run(draw_training_curves, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
