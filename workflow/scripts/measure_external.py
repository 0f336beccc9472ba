"""Evaluate external models: claims, refusals, and differences between versions."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_external import MeasureExternal


def measure_external(arguments: Namespace) -> None:
    """Measure every target."""
    from crossray.analysis.external import measure
    from crossray.small_cells import write
    from crossray.tables.external import Claims, Refusals, Versions

    settings = arguments.settings
    claims, refusals, versions = measure(study_of(arguments), settings.claims)
    write(arguments.claims, claims, Claims, settings)
    write(arguments.refusals, refusals, Refusals, settings)
    write(arguments.versions, versions, Versions, settings)
    logging.info("%d claims, %d of them with a number", len(claims), claims["measured"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureExternal)
    options.add_argument("--claims", required=True, type=Path, help="CSV to write: one row per claimed number")
    options.add_argument("--refusals", required=True, type=Path, help="CSV to write: images with and without scores")
    options.add_argument(
        "--versions", required=True, type=Path, help="CSV to write: pairs of models on the same images"
    )
    return run(measure_external, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
