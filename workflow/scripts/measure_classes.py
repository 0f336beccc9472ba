"""Measure studies of classes: accuracy, F1, top-5 accuracy and AUC of every model on every target, and confusions.

An image has exactly one class, the one that its model is surest of is what the model says.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def measure_classes(arguments: Namespace) -> None:
    """Measure and write both tables."""
    from crossray.analysis.classes import measure
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.classes import Classes, Confusion
    from crossray.tables.performance import Performance, Replicates

    performance, replicates = read(arguments.performance, Performance), read(arguments.replicates, Replicates)
    table, confusion = measure(study_of(arguments), performance, replicates)
    write(arguments.confusion, confusion, Confusion, arguments.settings)
    write(arguments.output, table, Classes, arguments.settings)
    logging.info("%d models on targets, %d with a number", len(table), table["accuracy"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument("--performance", required=True, type=Path, help="CSV of the AUC of each class")
    options.add_argument("--replicates", required=True, type=Path, help="its bootstrap replicates (Parquet)")
    options.add_argument("--confusion", required=True, type=Path, help="CSV to write: one row per pair of classes")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per model, target and seed")
    return run(measure_classes, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
