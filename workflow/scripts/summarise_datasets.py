"""Count images, patients, labels, views, sex and age of each data set."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.summarise_datasets import SummariseDatasets


def summarise_datasets(arguments: Namespace) -> None:
    """Write the flow, the counts and the labels."""
    from crossray.analysis.datasets import summarise
    from crossray.small_cells import write
    from crossray.tables.datasets import Datasets, Flow, Labels

    counts, labels, flow = summarise(arguments.manifests, arguments.datasets, arguments.settings)
    write(arguments.flow, flow, Flow, arguments.settings)
    write(arguments.counts, counts, Datasets, arguments.settings)
    write(arguments.labels, labels, Labels, arguments.settings)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--manifests", required=True, type=Path, help="folder of the study's manifests")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets, with their shards")
    settings_option(options, SummariseDatasets)
    options.add_argument("--flow", required=True, type=Path, help="CSV to write: images left after each step")
    options.add_argument("--counts", required=True, type=Path, help="CSV to write: images and patients by property")
    options.add_argument("--labels", required=True, type=Path, help="CSV to write: labels by task and split")
    return run(summarise_datasets, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
