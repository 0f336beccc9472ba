"""Measure localisation: attribution maps against annotated regions, and against chance."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_localisation import MeasureLocalisation


def measure_localisation(arguments: Namespace) -> None:
    """Score every map whose truth is known."""
    from crossray.analysis.localisation import measure
    from crossray.small_cells import write
    from crossray.tables.localisation import Localisation, LocalisationSummary

    table, summary = measure(study_of(arguments), arguments.settings, arguments.attributions, arguments.datasets)
    write(arguments.summary, summary, LocalisationSummary, arguments.settings)
    write(arguments.output, table, Localisation, arguments.settings)
    logging.info("%d rows, %d with a number", len(table), table["score"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureLocalisation)
    options.add_argument("--attributions", required=True, type=Path, help="folder of the study's attribution maps")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets, with their regions")
    options.add_argument("--summary", required=True, type=Path, help="CSV to write: means over pairs")
    options.add_argument(
        "--output", required=True, type=Path, help="CSV to write: one row per cell, method and measure"
    )
    return run(measure_localisation, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
