"""Write the images of a release without image files, such as a library's arrays, as PNG, with a table of classes."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def unpack_release(arguments: Namespace) -> None:
    """Write the images first and the table last."""
    from crossray.datasets import find_unpacker
    from crossray.tables import write
    from crossray.tables.release import UnpackedLabels

    reader = find_unpacker(arguments.settings["reader"])
    settings = reader.Unpacking.from_dict(arguments.settings)
    table = reader.unpack(arguments.root, settings, arguments.images)
    write(arguments.labels, table, UnpackedLabels)
    logging.info("%d images of %d classes", len(table), table["class"].nunique())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--settings", required=True, type=json_object, help="reader and what it needs, as JSON")
    options.add_argument("--root", required=True, type=Path, help="folder of the local copy, where the reader has one")
    options.add_argument("--images", required=True, type=Path, help="folder to write the images to")
    options.add_argument("--labels", required=True, type=Path, help="CSV to write: image_id, path, split, class")
    return run(unpack_release, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
