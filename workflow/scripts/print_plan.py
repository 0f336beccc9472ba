"""Print how many films have to be read for intervals of the wanted widths, one line for each number."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run


def print_plan(arguments: Namespace) -> None:
    """Print the sentences of a study's plan."""
    from crossray.figures.films import sentences
    from crossray.tables import read
    from crossray.tables.film_plan import SampleSizes

    path = arguments.study / "analysis" / f"{SampleSizes.NAME}.csv"
    print("\nFilms to read (docs/planning.md)\n")
    print("\n".join(sentences(read(path, SampleSizes))))
    print(f"\nTable: {path}")


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("study", type=Path, help="folder of the study's results, for instance results/demo")
    return run(print_plan, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
