"""Tables that a job caches beside its outputs, so that for an added target only that target is computed.

Snakemake deletes a job's outputs before it runs, but not files in a folder that no rule declares. Each table is
stored under a key of everything that determines its content. Its own digest is in the name, so a damaged one is
recomputed.
"""

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from crossray.files import file_digest, replacing, text_digest

log = logging.getLogger(__name__)

#: digits of a digest in a file name
_DIGITS = 16


class KeptTables:
    """Parquet tables by name and key.

    Args:
        folder: where they lie; made when the first table is kept.
        common: what all of them follow from, such as the digests of weights and code.
        write: what writes a table to a file.
    """

    def __init__(self, folder: Path, *common: str, write: Callable[[Path, pd.DataFrame], None] | None = None) -> None:
        self._folder, self._common, self._write = folder, common, write or write_plain

    def find(self, name: str, *parts: str) -> Path | None:
        """Return the table kept under a name for this key, or None.

        Args:
            name: what the table is about, such as ``test/north``; a relative path.
            parts: what its content follows from, beside what all tables do.
        """
        for path in sorted((self._folder / name).glob(f"{self._key(parts)}.*.parquet")):
            if file_digest(path).startswith(path.suffixes[-2][1:]):
                return path
            log.warning("%s was damaged since it was written; it is recomputed", path)
            path.unlink()
        return None

    def keep(self, table: pd.DataFrame, name: str, *parts: str) -> Path:
        """Write a table under its name and key in place of the one that was kept under that name."""
        folder = self._folder / name
        written = folder / "new.parquet"
        self._write(written, table)
        path = folder / f"{self._key(parts)}.{file_digest(written)[:_DIGITS]}.parquet"
        written.replace(path)
        for other in set(folder.iterdir()) - {path}:
            other.unlink()
        return path

    def _key(self, parts: Sequence[str]) -> str:
        return text_digest(*self._common, *parts)[:_DIGITS]


def write_plain(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all."""
    with replacing(path) as partial:
        table.to_parquet(partial, index=False)


def give(kept: Path, output: Path) -> None:
    """Make an output that is a kept table: the same file where links are possible, else a copy; its time is now."""
    with replacing(output) as partial:
        try:
            os.link(kept, partial)
        except OSError:
            shutil.copyfile(kept, partial)
        os.utime(partial)
