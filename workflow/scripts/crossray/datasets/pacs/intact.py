"""Whether raw files are still as they were when an archive sent them, by digests that a retrieval writes down."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from crossray.errors import UserError
from crossray.files import file_digest, read_json, replacing
from crossray.study import folders

#: file in the folder of raw files that stay which says that all of them came
MARK = "retrieved.json"


def write_digests(path: Path, digests: Mapping[str, str]) -> None:
    """Write the SHA-256 of raw files by their names in the raw folder; for their owner alone, as names are UIDs."""
    with replacing(path, private=True) as partial:
        partial.write_text(json.dumps(digests, indent=0, sort_keys=True) + "\n")


def known_digests(path: Path) -> dict[str, str]:
    """Return what :func:`write_digests` wrote; nothing if it did not, or not whole."""
    try:
        return read_json(path)
    except (OSError, UserError):
        return {}


def check_intact(folder: Path, files: Iterable[str]) -> None:
    """Check that raw files have the bytes that came.

    Args:
        folder: of the data set in the private folder.
        files: names from that folder on, as the table of fetched images has them.

    Raises:
        UserError: if one has not; no file is named, as names are UIDs.
    """
    known, raw = known_digests(folder / folders.DIGESTS), folder / folders.RAW
    changed = 0
    for file in files:
        path = folder / file
        before = known.get(str(path.relative_to(raw)))
        changed += before is not None and path.is_file() and file_digest(path) != before
    if changed:
        again = raw / MARK if (raw / MARK).exists() else raw
        raise UserError(
            f"{raw}: {changed} of its files are not as the archive sent them: damaged on the disk, or changed; delete "
            f"{again} and run again, which fetches them anew"
        )
