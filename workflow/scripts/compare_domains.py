"""Compare models trained on a target's own data, on all others, and on all together: leave one domain out."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run


def compare_domains(arguments: Namespace) -> None:
    """Average over the tasks that the conditions share."""
    from crossray.analysis.domains import measure
    from crossray.tables import read, write
    from crossray.tables.domains import Domains
    from crossray.tables.performance import Performance, Replicates

    table = measure(read(arguments.performance, Performance), read(arguments.replicates, Replicates))
    write(arguments.output, table, Domains)
    logging.info("%d targets", table["target"].nunique())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--performance", required=True, type=Path, help="CSV of measure_performance.py")
    options.add_argument("--replicates", required=True, type=Path, help="its bootstrap replicates (Parquet)")
    options.add_argument(
        "--output", required=True, type=Path, help="CSV to write: one row per model, target, condition"
    )
    return run(compare_domains, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
