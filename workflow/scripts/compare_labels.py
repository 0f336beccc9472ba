"""Compare labellings of the same radiographs, and the drop due to the labelling alone."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def compare_labels(arguments: Namespace) -> None:
    """Match images, compare labels, and test models by both."""
    from crossray import manifest
    from crossray.analysis.label_agreement import matches, measure, measure_control
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.label_agreement import LabelAgreement, LabelControl
    from crossray.tables.leakage import LeakagePairs

    study = study_of(arguments)
    found = matches(read(arguments.pairs, LeakagePairs))
    manifests = {
        path.stem: manifest.read(path).set_index("image_id") for path in sorted(arguments.manifests.glob("*.parquet"))
    }
    table, control = measure(study, found, manifests), measure_control(study, found)
    write(arguments.control, control, LabelControl, arguments.settings)
    write(arguments.output, table, LabelAgreement, arguments.settings)
    logging.info("%d radiographs in two data sets, %d tasks compared", len(found), len(table))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument("--pairs", required=True, type=Path, help="near-duplicates that audit_leakage.py found (CSV)")
    options.add_argument(
        "--control", required=True, type=Path, help="CSV to write: models evaluated with both labellings"
    )
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per pair and task")
    return run(compare_labels, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
