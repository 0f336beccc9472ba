"""Convert a share of a data set's images to one HDF5 shard of square 8-bit pixels."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.convert_shard import ConvertShard


def convert_shard(arguments: Namespace) -> None:
    """Convert this shard's rows of the manifest and list those that cannot be used."""
    from crossray import manifest
    from crossray.datasets.conversion import convert, rows_of_shard, settle_process
    from crossray.tables import write
    from crossray.tables.conversion import Rejected

    settle_process()
    images = manifest.with_files(manifest.read(arguments.manifest), arguments.lookup)
    rows = rows_of_shard(len(images), arguments.settings.shards, arguments.shard)
    if arguments.fetched:
        from crossray.datasets.pacs.intact import check_intact

        check_intact(Path(arguments.root), images.iloc[rows]["file"])
    rejected = convert(images.iloc[rows], arguments.root, arguments.dataset, arguments.settings, arguments.output)
    write(arguments.rejected, rejected, Rejected)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the data set")
    options.add_argument("--shard", required=True, type=int, help="number of the shard, from 0")
    settings_option(options, ConvertShard)
    options.add_argument("--manifest", required=True, type=Path, help="the data set's manifest")
    options.add_argument("--lookup", required=True, type=Path, help="table from the manifest's images to their files")
    options.add_argument("--root", required=True, type=Path, help="folder that file paths are relative to")
    options.add_argument("--fetched", action="store_true", help="whether an archive sent the files, which are compared")
    options.add_argument("--output", required=True, type=Path, help="shard to write (HDF5)")
    options.add_argument("--rejected", required=True, type=Path, help="CSV to write: rejected images, with reasons")
    return run(convert_shard, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
