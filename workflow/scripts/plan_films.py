"""Compute how many films have to be read for intervals of a wanted width, from what is expected of a model."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.plan_films import PlanFilms


def plan_films(arguments: Namespace) -> None:
    """Plan every measure that has a wanted width, and write them."""
    from crossray.analysis.planned_films import plan
    from crossray.errors import UserError
    from crossray.tables import write
    from crossray.tables.film_plan import SampleSizes

    if not arguments.settings.tasks:
        raise UserError("this study plans no films: add the block plan to its configuration (docs/planning.md)")
    table = plan(arguments.settings)
    write(arguments.output, table, SampleSizes)
    logging.info("%d sample sizes", len(table))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, PlanFilms)
    options.add_argument("--output", required=True, type=Path, help="CSV to write: images to read for each measure")
    return run(plan_films, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
