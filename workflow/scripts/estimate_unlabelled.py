"""Estimate what models are worth without labels, and back-test every estimate where there are labels."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.estimate_unlabelled import EstimateUnlabelled


def estimate_unlabelled(arguments: Namespace) -> None:
    """Estimate all cells, and write both tables."""
    from crossray.analysis.unlabelled import measure
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.monitoring import Unlabelled, UnlabelledErrors
    from crossray.tables.shift import Shift

    settings = arguments.settings
    shift = read(arguments.shift, Shift) if arguments.shift else None
    table, errors = measure(study_of(arguments), settings.calibrated, settings.tolerance, shift)
    write(arguments.errors, errors, UnlabelledErrors, settings)
    write(arguments.output, table, Unlabelled, settings)
    logging.info("%d estimates, %d of them may be printed", len(table), table["is_chosen"].sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, EstimateUnlabelled)
    options.add_argument("--shift", nargs="?", type=Path, help="explain_drops.py: verdicts (default: none)")
    options.add_argument("--errors", required=True, type=Path, help="CSV to write: errors of back-tests by cause")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per cell and estimate")
    return run(estimate_unlabelled, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
