"""Compare the outputs of two models image by image: Bland-Altman limits, and the images of largest disagreement."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.compare_outputs import CompareOutputs


def compare_outputs(arguments: Namespace) -> None:
    """Compare all pairs, and draw a sample of those to show."""
    from crossray.analysis.outputs import measure
    from crossray.small_cells import write
    from crossray.tables.outputs import OutputExtremes, OutputPoints, Outputs

    table, points, extremes = measure(study_of(arguments), arguments.settings.pairs)
    write(arguments.points, points, OutputPoints, arguments.settings)
    write(arguments.extremes, extremes, OutputExtremes, arguments.settings)
    write(arguments.output, table, Outputs, arguments.settings)
    logging.info("%d pairs of models on a target and task", len(table))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, CompareOutputs)
    options.add_argument("--points", required=True, type=Path, help="CSV to write: outputs of the pairs to show")
    options.add_argument(
        "--extremes", required=True, type=Path, help="CSV to write: images with the largest disagreement"
    )
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per pair, target and task")
    return run(compare_outputs, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
