"""Measure ROC curves, operating points of the source applied to the targets, and calibration."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def measure_calibration(arguments: Namespace) -> None:
    """Measure every cell that a report shows."""
    from crossray.analysis import calibration, roc
    from crossray.small_cells import write
    from crossray.tables.calibration import Calibration, OperatingPoints, Reliability, Roc

    study = study_of(arguments)
    points, errors, bins = calibration.measure(study)
    write(arguments.curves, roc.measure(study), Roc, arguments.settings)
    write(arguments.points, points, OperatingPoints, arguments.settings)
    write(arguments.bins, bins, Reliability, arguments.settings)
    write(arguments.output, errors, Calibration, arguments.settings)
    logging.info("%d operating points, %d calibration errors", len(points), len(errors))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument(
        "--points",
        required=True,
        type=Path,
        help="CSV to write: sensitivity and specificity at every threshold",
    )
    options.add_argument("--curves", required=True, type=Path, help="CSV to write: ROC curves")
    options.add_argument("--bins", required=True, type=Path, help="CSV to write: reliability curves")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: errors of every cell")
    return run(measure_calibration, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
