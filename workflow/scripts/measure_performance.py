"""Measure every model on every target: AUC with interval, average precision, and metrics at a threshold.

The threshold is chosen on the source's validation split; the target's images choose nothing.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def measure_performance(arguments: Namespace) -> None:
    """Measure all cells and write them with their bootstrap replicates."""
    from crossray.analysis.cells import Study
    from crossray.analysis.performance import measure, read_overlap
    from crossray.files import replacing, write_csv

    settings = arguments.settings
    study = Study(arguments.predictions, arguments.manifests, settings)
    refused = read_overlap(arguments.leakage) if settings["overlap"] == "refuse" else set()
    table, replicates = measure(study, settings["evaluation"], refused)
    with replacing(arguments.replicates) as partial:
        replicates.to_parquet(partial, index=False)
    write_csv(arguments.output, table)
    logging.info("%d cells, %d with a number", len(table), table["auc"].notna().sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--predictions", required=True, type=Path, help="folder of the study's predictions")
    options.add_argument("--manifests", required=True, type=Path, help="folder of the study's manifests")
    options.add_argument(
        "--leakage", required=True, type=Path, help="summary of the audit: which targets know patients of which source"
    )
    options.add_argument(
        "--settings", required=True, type=json_object,
        help="models, sources, targets, seeds, tasks, evaluation (minimum, resamples, seed), overlap as JSON",
    )  # fmt: skip
    options.add_argument("--replicates", required=True, type=Path, help="bootstrap replicates to write (Parquet)")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row a cell")
    return run(measure_performance, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
