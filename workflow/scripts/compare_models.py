"""Test differences of AUC: two models on the same images, and internal against external tests, with correction."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.compare_models import CompareModels


def compare_models(arguments: Namespace) -> None:
    """Compare all pairs."""
    from crossray.analysis.comparisons import measure
    from crossray.small_cells import write
    from crossray.tables.comparisons import Comparisons

    table = measure(study_of(arguments), arguments.settings.primary)
    write(arguments.output, table, Comparisons, arguments.settings)
    logging.info("%d comparisons, %d of them with p < 0.05 after Holm", len(table), (table["p_holm"] < 0.05).sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, CompareModels)
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per comparison")
    return run(compare_models, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
