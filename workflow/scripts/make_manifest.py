"""Read a release and write its manifest: one row per image, with patient, split and labels."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def make_manifest(arguments: Namespace) -> None:
    """Read, split by patient, check, replace what may name a patient unless the data set is public, write."""
    from crossray import manifest
    from crossray.datasets import Release, find_reader
    from crossray.datasets.manifests import read_manifest
    from crossray.files import file_digest
    from crossray.pseudonyms import read_key

    settings = find_reader(arguments.settings["reader"]).ReadSettings.from_dict(arguments.settings)
    tables = tuple(str(path) for path in arguments.tables)
    key = None if settings.public else read_key(arguments.key)
    release = Release(str(arguments.root), tables)
    released, not_kept = read_manifest(arguments.dataset, release, settings, key, arguments.forgotten)
    table = manifest.with_pseudonyms(released, key)
    if key:
        table = manifest.less_identifying(table)
    manifest.write_lookup(arguments.lookup, released, table)
    digests = {path.name: file_digest(path) for path in arguments.tables if path.is_file()}
    tasks = manifest.tasks_of(table)
    facts = {"dataset": arguments.dataset, "tasks": tasks, "settings": settings.as_dict(), "tables": digests}
    facts |= {"not_kept": not_kept} if not_kept else {}
    manifest.write(arguments.output, table, facts)
    counts = ", ".join(f"{count} {split}" for split, count in table["split"].value_counts().items())
    logging.info("%d images of %d patients: %s", len(table), table["patient_id"].nunique(), counts)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the data set")
    options.add_argument("--settings", required=True, type=json_object, help="reader, split, policy, ... as JSON")
    options.add_argument("--root", required=True, type=Path, help="folder that image paths are relative to")
    options.add_argument(
        "--tables", required=True, type=Path, nargs="*", help="the release's tables, in the order of its reader"
    )
    options.add_argument("--key", type=Path, nargs="?", help="pseudonym key; none if the data set is public")
    options.add_argument(
        "--forgotten",
        type=Path,
        nargs="?",
        help="list of patients to leave out, as forget.py writes it",
    )
    options.add_argument(
        "--lookup", required=True, type=Path, help="CSV to write: mapping of identifiers to those of the release"
    )
    options.add_argument("--output", required=True, type=Path, help="manifest to write (Parquet)")
    return run(make_manifest, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
