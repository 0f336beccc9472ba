"""Measure the distances between the weight vectors of each task in networks with one output per data set."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run


def measure_heads(arguments: Namespace) -> None:
    """Project vectors, measure distances, and relate them to the AUC."""
    from crossray.analysis.heads import measure
    from crossray.files import read_parquet
    from crossray.tables import read, write
    from crossray.tables.heads import HeadDistances, HeadPlaces, HeadRelations
    from crossray.tables.transfer import Tasks

    vectors = {path.parts[-4:-1]: read_parquet(path) for path in arguments.vectors}
    places, distances, relations = measure(vectors, read(arguments.tasks, Tasks))
    write(arguments.places, places, HeadPlaces)
    write(arguments.relations, relations, HeadRelations)
    write(arguments.output, distances, HeadDistances)
    logging.info("%d trainings, %d tasks with two data sets or more", len(vectors), distances["task"].nunique())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument(
        "--vectors", required=True, type=Path, nargs="+",
        help="weight vectors of train_shared_heads.py, MODEL/PENALTY/SEED/vectors.parquet",
    )  # fmt: skip
    options.add_argument("--tasks", required=True, type=Path, help="mean AUC of each task (CSV of measure_transfer.py)")
    options.add_argument("--places", required=True, type=Path, help="CSV to write: vectors on two principal components")
    options.add_argument("--relations", required=True, type=Path, help="CSV to write: distance against AUC")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per task")
    return run(measure_heads, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
