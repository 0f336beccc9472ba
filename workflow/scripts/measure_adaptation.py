"""Measure what local images are worth, way by way, and what would have been recommended."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_adaptation import MeasureAdaptation


def measure_adaptation(arguments: Namespace) -> None:
    """Measure all pairs, and write both tables."""
    from crossray.analysis.adaptation import measure
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.adaptation import Adaptation, AdaptationAdvice
    from crossray.tables.shift import Shift

    settings = arguments.settings
    shift = read(arguments.shift, Shift) if arguments.shift else None
    table, advice = measure(study_of(arguments), arguments.adapted, settings.pairs, settings.ways, shift)
    write(arguments.advice, advice, AdaptationAdvice, settings)
    write(arguments.output, table, Adaptation, settings)
    logging.info("%d rows, %d recommendations", len(table), len(advice))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureAdaptation)
    options.add_argument("--adapted", required=True, type=Path, help="folder of adapt_model.py")
    options.add_argument("--shift", nargs="?", type=Path, help="explain_drops.py: verdicts (default: none)")
    options.add_argument("--advice", required=True, type=Path, help="CSV to write: one row per cell, goal and size")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per cell, metric and way")
    return run(measure_adaptation, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
