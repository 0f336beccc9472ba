"""Measure every model by sex, age band, view and strata, and find the group with the worst performance."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def measure_subgroups(arguments: Namespace) -> None:
    """Measure every group."""
    from crossray.analysis.subgroups import measure
    from crossray.small_cells import write
    from crossray.tables.subgroups import Subgroups

    table = measure(study_of(arguments))
    write(arguments.output, table, Subgroups, arguments.settings)
    logging.info("%d groups of a cell, %d with a number", len(table), table["auc"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per cell and group")
    return run(measure_subgroups, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
