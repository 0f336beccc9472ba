"""Read a release and write its manifest: one row an image, with patient, split and labels."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def make_manifest(arguments: Namespace) -> None:
    """Read, split by patient, replace identifiers unless they are public, check, write."""
    from crossray import manifest
    from crossray.datasets import Release, find_reader

    settings = arguments.settings
    reader = find_reader(settings["reader"])
    table = reader.read(Release(str(arguments.root), str(arguments.table)), settings)
    if "split" not in table:
        split = settings["split"]
        table.insert(7, "split", manifest.split_by_patient(table["patient_id"], split["seed"], split))
    tasks = manifest.tasks_of(table)
    table = table[[*manifest.FIXED_COLUMNS, *tasks]]
    manifest.check(table, tasks, str(arguments.table), settings["public"])
    if not settings["public"]:
        key = manifest.pseudonym_key(arguments.pseudonym_key)
        for column in ("image_id", "patient_id", "study_id"):
            table[column] = manifest.pseudonyms(table[column], key)
    manifest.write(arguments.output, table, {"dataset": arguments.dataset, "tasks": tasks, "settings": settings})
    counts = ", ".join(f"{count} {split}" for split, count in table["split"].value_counts().items())
    logging.info("%d images of %d patients: %s", len(table), table["patient_id"].nunique(), counts)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the data set")
    options.add_argument("--settings", required=True, type=json_object, help="reader, split, columns, ... as JSON")
    options.add_argument("--root", required=True, type=Path, help="folder that image paths start from")
    options.add_argument("--table", required=True, type=Path, help="the release's table of labels")
    options.add_argument(
        "--pseudonym-key",
        required=True,
        type=Path,
        help="key file of the hashes that replace identifiers; made if missing",
    )
    options.add_argument("--output", required=True, type=Path, help="manifest to write (Parquet)")
    return run(make_manifest, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
