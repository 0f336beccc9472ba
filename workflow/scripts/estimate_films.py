"""Estimate what models are worth on all films from those of the list that were read."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.estimate_films import EstimateFilms


def estimate_films(arguments: Namespace) -> None:
    """Estimate every number of every model."""
    from crossray.analysis.read_films import measure
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.film_plan import ReadFilms, ToRead

    lists = {path.stem: read(path, ToRead) for path in arguments.lists}
    table = measure(study_of(arguments), arguments.settings, lists)
    write(arguments.output, table, ReadFilms, arguments.settings)
    logging.info("%d numbers, %d of them estimated", len(table), table["estimate"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, EstimateFilms)
    options.add_argument("--lists", required=True, nargs="+", type=Path, help="lists TARGET.csv of films to read")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: the estimates")
    return run(estimate_films, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
