"""Measure whether acting on outputs does more good than acting always or never, and how outputs are distributed."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_usefulness import MeasureUsefulness


def measure_usefulness(arguments: Namespace) -> None:
    """Measure every cell."""
    from crossray.analysis.usefulness import measure
    from crossray.small_cells import write
    from crossray.tables.usefulness import DecisionCurve, ScoreDistribution

    settings = arguments.settings
    curves, distributions = measure(study_of(arguments), settings)
    write(arguments.curves, curves, DecisionCurve, settings)
    write(arguments.distributions, distributions, ScoreDistribution, settings)
    cells = curves.drop_duplicates(["model", "source", "target", "task"])
    logging.info("%d cells, %d of them with a decision curve", len(cells), cells["reason"].isna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureUsefulness)
    options.add_argument("--curves", required=True, type=Path, help="CSV to write: net benefit of each threshold")
    options.add_argument("--distributions", required=True, type=Path, help="CSV to write: outputs by outcome, in bins")
    return run(measure_usefulness, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
