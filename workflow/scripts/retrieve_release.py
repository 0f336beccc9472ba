"""Fetch the objects that an archive said to have, check each, and list the images and what could not be had.

It goes on where it was stopped: what is there is checked and not fetched again.
"""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run, settings_option
from crossray.study.stages.retrieve_release import RetrieveRelease


def retrieve_release(arguments: Namespace) -> None:
    """Fetch, write the tables, and say that all of it is there."""
    from crossray import tables
    from crossray.datasets.pacs.access import access_to, alone, connection_class
    from crossray.datasets.pacs.intact import MARK
    from crossray.datasets.pacs.retrieval import Retrieval, hand_over, retrieve
    from crossray.files import write_json
    from crossray.tables.archive import FetchedImage

    settings = arguments.settings
    connection = connection_class(settings.reader).from_dict(arguments.archive)
    retrieval = Retrieval(arguments.dataset, arguments.store, access_to(arguments.dataset, settings.reader, connection))
    with alone(arguments.store.parent.parent, connection):
        images = retrieve(retrieval, arguments.table, settings, arguments.missing)
    tables.write(arguments.images, images, FetchedImage, private=True)
    if arguments.raw:
        hand_over(arguments.store, arguments.raw)
    else:
        write_json(arguments.store / MARK, {"objects": len(images)})


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the data set")
    settings_option(options, RetrieveRelease)
    options.add_argument(
        "--archive", required=True, type=json_object, help="how the archive is reached and spared, as JSON"
    )
    options.add_argument("--table", required=True, type=Path, help="table of the query (CSV), as query.py writes it")
    options.add_argument("--store", required=True, type=Path, help="folder that objects are fetched into")
    options.add_argument(
        "--raw", type=Path, nargs="?", help="name that the folder gets at the end; it stays where it is without one"
    )
    options.add_argument("--missing", required=True, type=Path, help="CSV to write: what could not be had, and why")
    options.add_argument("--images", required=True, type=Path, help="table to write (Parquet): one row an image")
    return run(retrieve_release, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
