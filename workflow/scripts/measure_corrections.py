"""Measure whether corrections and other training methods help against the causes found."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_corrections import MeasureCorrections


def measure_corrections(arguments: Namespace) -> None:
    """Compare losses before and after each correction."""
    from crossray.analysis.corrections import measure
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.corrections import Corrections, CorrectionsByVerdict
    from crossray.tables.shift import Shift, ShiftEvidence

    shift, evidence = read(arguments.shift, Shift), read(arguments.evidence, ShiftEvidence)
    table, groups = measure(study_of(arguments), arguments.settings.mitigations, arguments.corrected, shift, evidence)
    write(arguments.groups, groups, CorrectionsByVerdict, arguments.settings)
    write(arguments.output, table, Corrections, arguments.settings)
    logging.info("%d rows, %d groups of cells", len(table), len(groups))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureCorrections)
    options.add_argument("--corrected", required=True, type=Path, help="folder of predict_corrected.py")
    options.add_argument("--shift", required=True, type=Path, help="explain_drops.py: terms and verdicts")
    options.add_argument("--evidence", required=True, type=Path, help="explain_drops.py: evidence for verdicts")
    options.add_argument("--groups", required=True, type=Path, help="CSV to write: one row per correction and verdict")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per cell and correction")
    return run(measure_corrections, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
