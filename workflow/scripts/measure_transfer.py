"""Average over tasks and measure the drop of each model from its internal test to the other hospitals."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run


def measure_transfer(arguments: Namespace) -> None:
    """Compare every pair with home."""
    from crossray.analysis import variances
    from crossray.analysis.transfer import measure
    from crossray.tables import read, write
    from crossray.tables.comparisons import Comparisons
    from crossray.tables.performance import Performance, Replicates
    from crossray.tables.transfer import Summary, Tasks, Transfer, Variances

    measured = (
        read(arguments.performance, Performance),
        read(arguments.replicates, Replicates),
        read(arguments.comparisons, Comparisons),
    )
    transfer, summary, tasks = measure(*measured)
    write(arguments.output, transfer, Transfer)
    write(arguments.summary, summary, Summary)
    write(arguments.tasks, tasks, Tasks)
    write(arguments.variances, variances.measure(*measured), Variances)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--performance", required=True, type=Path, help="CSV of measure_performance.py")
    options.add_argument("--replicates", required=True, type=Path, help="its bootstrap replicates (Parquet)")
    options.add_argument("--comparisons", required=True, type=Path, help="CSV of compare_models.py")
    options.add_argument(
        "--output", required=True, type=Path, help="CSV to write: one row per model, source and target"
    )
    options.add_argument(
        "--summary", required=True, type=Path, help="CSV to write: one row per model and source, and all"
    )
    options.add_argument("--tasks", required=True, type=Path, help="CSV to write: one row per model and task")
    options.add_argument("--variances", required=True, type=Path, help="CSV to write: variance components of each mean")
    return run(measure_transfer, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
