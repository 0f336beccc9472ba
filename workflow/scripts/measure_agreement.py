"""Measure the agreement of models on individual images: Cohen's kappa at their operating points, and Kendall's tau."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def measure_agreement(arguments: Namespace) -> None:
    """Compare all pairs of sources and of seeds."""
    from crossray.analysis.agreement import measure
    from crossray.small_cells import write
    from crossray.tables.agreement import Agreement, AgreementSummary

    table, summary = measure(study_of(arguments))
    write(arguments.output, table, Agreement, arguments.settings)
    write(arguments.summary, summary, AgreementSummary, arguments.settings)
    logging.info("%d pairs of models on a target and task", len(table))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument("--summary", required=True, type=Path, help="CSV to write: means over pairs")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per pair, target and task")
    return run(measure_agreement, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
