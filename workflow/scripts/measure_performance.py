"""Measure every model on every target: AUC with interval, average precision, and metrics at a threshold.

The threshold is chosen on the source's validation split; the target's images choose nothing.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def measure_performance(arguments: Namespace) -> None:
    """Measure all cells and write them with their bootstrap replicates."""
    from crossray import tables
    from crossray.analysis.performance import measure
    from crossray.small_cells import write
    from crossray.tables.performance import Performance, Replicates

    table, replicates = measure(study_of(arguments))
    tables.write(arguments.replicates, replicates, Replicates)
    write(arguments.output, table, Performance, arguments.settings)
    logging.info("%d cells, %d with a number", len(table), table["auc"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument("--replicates", required=True, type=Path, help="bootstrap replicates to write (Parquet)")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per cell")
    return run(measure_performance, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
