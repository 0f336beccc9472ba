"""Read a release's annotated regions of findings: boxes and masks, for the images of the manifest."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run


def locate_findings(arguments: Namespace) -> None:
    """Read, bring onto the images, write."""
    from crossray import regions
    from crossray.datasets import Release, find_locator
    from crossray.datasets.annotations import place
    from crossray.tables import read
    from crossray.tables.lookup import Lookup

    tables = tuple(str(path) for path in arguments.tables)
    places = find_locator(arguments.reader).read_places(Release(str(arguments.root), tables))
    lookup = read(arguments.lookup, Lookup)
    table = place(places, lookup, arguments.root, tables[0])
    regions.write(arguments.output, table)
    logging.info("%d regions of %d images", len(table), table["image_id"].nunique())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--reader", required=True, help="reader of the release")
    options.add_argument("--root", required=True, type=Path, help="folder that image paths are relative to")
    options.add_argument(
        "--tables", required=True, type=Path, nargs="+", help="the release's tables of regions, in the reader's order"
    )
    options.add_argument(
        "--lookup", required=True, type=Path, help="CSV of make_manifest.py: mapping to the identifiers of the release"
    )
    options.add_argument("--output", required=True, type=Path, help="regions to write (Parquet)")
    return run(locate_findings, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
