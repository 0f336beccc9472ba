"""Measure models under each way of combining several readers, and how far they agree with each."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run


def compare_readers(arguments: Namespace) -> None:
    """Measure every target that several readers labelled."""
    from crossray.analysis.readers import measure
    from crossray.small_cells import write
    from crossray.tables.readers import ReaderAgreement, ReaderLabels

    labels, agreements = measure(study_of(arguments))
    write(arguments.labels, labels, ReaderLabels, arguments.settings)
    write(arguments.agreement, agreements, ReaderAgreement, arguments.settings)
    logging.info("%d results by labelling, %d pairs", len(labels), len(agreements))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options)
    options.add_argument("--labels", required=True, type=Path, help="CSV to write: results by each labelling")
    options.add_argument("--agreement", required=True, type=Path, help="CSV to write: pairs of readers and models")
    return run(compare_readers, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
