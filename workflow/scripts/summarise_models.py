"""Summarise models: internal and external AUC, the difference from the first model, parameters and operations."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.summarise_models import SummariseModels


def summarise_models(arguments: Namespace) -> None:
    """Average, compare, write."""
    from crossray.analysis.models import measure, read_costs
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.models import Models
    from crossray.tables.performance import Performance, Replicates

    models, members = arguments.settings.models, arguments.settings.members
    performance, replicates = read(arguments.performance, Performance), read(arguments.replicates, Replicates)
    external = {name: {"architecture": "trained elsewhere"} for name in arguments.settings.external}
    costs = read_costs(arguments.models, [name for name in models if name not in external]) | external
    write(arguments.output, measure(performance, replicates, models, members, costs), Models, arguments.settings)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--performance", required=True, type=Path, help="CSV of measure_performance.py")
    options.add_argument("--replicates", required=True, type=Path, help="its bootstrap replicates (Parquet)")
    options.add_argument("--models", required=True, type=Path, help="folder of the study's models")
    settings_option(options, SummariseModels)
    options.add_argument("--output", required=True, type=Path, help="CSV to write: two rows per model")
    return run(summarise_models, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
