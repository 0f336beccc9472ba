"""Measure every point of every sweep on every target, and the value that each selection method would have chosen."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.measure_sweeps import MeasureSweeps


def measure_sweeps(arguments: Namespace) -> None:
    """Measure, choose, write."""
    import numpy as np

    from crossray.analysis.sweep_points import choose, measure
    from crossray.files import read_json
    from crossray.small_cells import write
    from crossray.study import folders
    from crossray.tables.sweeps import Choices, Sweeps

    study = study_of(arguments)
    images = {}
    for one in study.trained():
        names = {"model": one.model, "source": one.source}
        records = [arguments.models / folders.RECORD.format(**names, seed=seed) for seed in study.settings.seeds]
        images[one] = float(np.mean([read_json(record)["images"]["train"] for record in records]))
    points = arguments.settings.points
    table = measure(study, points, images)
    choices = choose(study, points, table)
    write(arguments.output, table, Sweeps, arguments.settings)
    write(arguments.choices, choices, Choices, arguments.settings)
    logging.info("%d points of sweeps measured, %d choices", len(table), len(choices))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, MeasureSweeps)
    options.add_argument("--models", required=True, type=Path, help="folder of the study's models")
    options.add_argument(
        "--output", required=True, type=Path, help="CSV to write: one row per point, source and target"
    )
    options.add_argument("--choices", required=True, type=Path, help="CSV to write: one row per choice")
    return run(measure_sweeps, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
