"""Draw a few images of each data set, as the models see them."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.figures.options import figure_options
from crossray.program import parser, run


def draw_samples(arguments: Namespace) -> None:
    """Read, draw, write."""
    from crossray.figures.samples import choose, draw
    from crossray.figures.style import write

    figure = draw(choose(arguments.manifests, arguments.datasets, arguments.settings), arguments.settings)
    write(figure, arguments.settings, arguments.svg, arguments.png, arguments.words)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--manifests", required=True, type=Path, help="folder of the study's manifests")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets, with their shards")
    figure_options(options)
    return run(draw_samples, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
