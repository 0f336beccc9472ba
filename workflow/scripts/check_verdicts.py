"""Check the verdicts on simulated hospitals: estimated against planted terms, and how often verdicts are right."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.check_verdicts import CheckVerdicts


def check_verdicts(arguments: Namespace) -> None:
    """Set verdicts beside the truth, and write both tables."""
    from crossray.analysis.shift.truth import Hospital, measure
    from crossray.tables import read, write
    from crossray.tables.release import Truth
    from crossray.tables.shift import Shift
    from crossray.tables.shift_truth import ShiftAcceptance, ShiftTruth

    settings = arguments.settings.hospitals
    hospitals = {
        name: Hospital(settings[name], read(path, Truth).set_index("image_id"))
        for name, path in zip(settings, arguments.truths, strict=True)
    }
    table, acceptance = measure(study_of(arguments), hospitals, read(arguments.shift, Shift))
    write(arguments.acceptance, acceptance, ShiftAcceptance)
    write(arguments.output, table, ShiftTruth)
    for row in acceptance.itertuples():
        logging.info("seed %s, %s: %s: %.3f of %d cells", row.seed, row.metric, row.criterion, row.value, row.cells)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, CheckVerdicts)
    options.add_argument("--shift", required=True, type=Path, help="explain_drops.py: terms and verdicts")
    options.add_argument(
        "--truths", required=True, type=Path, nargs="+",
        help="simulate_hospital.py: severities, in the order of the setting hospitals",
    )  # fmt: skip
    options.add_argument("--acceptance", required=True, type=Path, help="CSV to write: criteria of the method")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: planted and found, one row per cell")
    return run(check_verdicts, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
