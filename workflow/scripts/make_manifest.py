"""Read a release and write its manifest: one row an image, with patient, split and labels."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def make_manifest(arguments: Namespace) -> None:
    """Read, split by patient, check, replace what may name a patient unless the data set is public, write."""
    from crossray import manifest
    from crossray.datasets import Release, find_reader
    from crossray.datasets.release import check_inside
    from crossray.files import file_digest
    from crossray.forgotten import without_forgotten
    from crossray.pseudonyms import read_key
    from crossray.study.splits import Split

    reader = find_reader(arguments.settings["reader"])
    settings = reader.Told.from_dict(arguments.settings)
    tables = tuple(str(path) for path in arguments.tables)
    table = reader.read(Release(str(arguments.root), tables), settings)
    if settings.outside_root != "allow":
        check_inside(arguments.dataset, str(arguments.root), table["path"])
    if arguments.forgotten:
        table = without_forgotten(table, arguments.forgotten)
    key = None if settings.public else read_key(arguments.key)
    hashed = manifest.with_pseudonyms(table, key)
    if settings.role == "test":
        table = table.assign(split="test")
    else:
        table = manifest.with_splits(table, hashed["patient_id"], settings.split or Split())
    tasks = manifest.tasks_of(table)
    opinions = manifest.opinions_of(table)
    table = table[[*manifest.FIXED_COLUMNS, *tasks, *opinions]]
    manifest.check(table, [*tasks, *opinions], tables[0] if tables else str(arguments.root))
    released = table.reset_index(drop=True)
    table = manifest.with_pseudonyms(released, key)
    if key:
        table = manifest.less_identifying(table)
    manifest.write_lookup(arguments.lookup, released, table)
    digests = {path.name: file_digest(path) for path in arguments.tables if path.is_file()}
    facts = {"dataset": arguments.dataset, "tasks": tasks, "settings": settings.as_dict(), "tables": digests}
    manifest.write(arguments.output, table, facts)
    counts = ", ".join(f"{count} {split}" for split, count in table["split"].value_counts().items())
    logging.info("%d images of %d patients: %s", len(table), table["patient_id"].nunique(), counts)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--dataset", required=True, help="name of the data set")
    options.add_argument("--settings", required=True, type=json_object, help="reader, split, policy, ... as JSON")
    options.add_argument("--root", required=True, type=Path, help="folder that image paths start from")
    options.add_argument(
        "--tables", required=True, type=Path, nargs="*", help="the release's tables, in the order of its reader"
    )
    options.add_argument(
        "--key", type=Path, nargs="?", help="key by which identifiers are replaced; none where the data set is public"
    )
    options.add_argument(
        "--forgotten",
        type=Path,
        nargs="?",
        help="list of patients to leave out, as forget.py writes it",
    )
    options.add_argument(
        "--lookup", required=True, type=Path, help="CSV to write: what stands in the manifest for what in the release"
    )
    options.add_argument("--output", required=True, type=Path, help="manifest to write (Parquet)")
    return run(make_manifest, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
