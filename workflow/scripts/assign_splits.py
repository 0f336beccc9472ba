"""Write a data set's manifest for a study: with the splits after the audit, and with classes.

In a study of classes every image must have one of them; those of other classes become unknown.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.assign_splits import AssignSplits


def assign_splits(arguments: Namespace) -> None:
    """Move patients, check classes, and write the manifest with the metadata that it had."""
    from crossray import manifest
    from crossray.files import file_digest, write_text
    from crossray.tables import read
    from crossray.tables.leakage import Moves

    table = manifest.read(arguments.manifest)
    moves = read(arguments.moves, Moves)
    moved = table["patient_id"].map(dict(zip(moves["patient_id"], moves["split"], strict=True)))
    table["split"] = table["split"].where(moved.isna(), moved)
    if classes := list(arguments.settings.classes):
        table = manifest.as_classes(table, classes, str(arguments.manifest))
        unknown = int(table.reindex(columns=classes).isna().all(axis=1).sum())
        logging.info("%d of %d images are of no class of the study", unknown, len(table))
    manifest.write(arguments.output, table, manifest.read_metadata(arguments.manifest))
    write_text(arguments.digest, file_digest(arguments.output) + "\n")


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--manifest", required=True, type=Path, help="the data set's manifest")
    settings_option(options, AssignSplits)
    options.add_argument("--moves", required=True, type=Path, help="CSV of the patients who move: patient_id, split")
    options.add_argument("--output", required=True, type=Path, help="manifest to write (Parquet)")
    options.add_argument("--digest", required=True, type=Path, help="file to write: the manifest's SHA-256")
    return run(assign_splits, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
