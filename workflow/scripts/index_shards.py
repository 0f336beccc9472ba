"""List the shards of a data set with their digests, and all rejected images."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.index_shards import IndexShards


def index_shards(arguments: Namespace) -> None:
    """Check that not too many images were left out, and write the index last."""
    import pandas as pd

    from crossray.datasets.indexing import index
    from crossray.files import write_json
    from crossray.tables import read, write
    from crossray.tables.conversion import Rejected

    rejected = pd.concat([read(path, Rejected) for path in arguments.rejected], ignore_index=True)
    facts = index(arguments.shards, rejected, arguments.dataset, arguments.settings)
    write(arguments.all_rejected, rejected, Rejected)
    write_json(arguments.output, facts)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the data set")
    settings_option(options, IndexShards)
    options.add_argument("--shards", required=True, type=Path, nargs="+", help="the shards, in order")
    options.add_argument("--rejected", required=True, type=Path, nargs="+", help="the CSV of rejected images of each")
    options.add_argument("--all-rejected", required=True, type=Path, help="CSV to write: all rejected images")
    options.add_argument("--output", required=True, type=Path, help="index to write (JSON)")
    return run(index_shards, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
