"""Measure how far the numbers of sites that send counts can be from those of their rows."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_bounds import MeasureBounds


def measure_bounds(arguments: Namespace) -> None:
    """Measure every number that counts give."""
    from crossray.analysis.bounds import measure
    from crossray.small_cells import write
    from crossray.tables.bounds import Bounds

    table = measure(study_of(arguments), arguments.settings)
    write(arguments.output, table, Bounds, arguments.settings)
    logging.info("%d numbers", len(table))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureBounds)
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per number")
    return run(measure_bounds, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
