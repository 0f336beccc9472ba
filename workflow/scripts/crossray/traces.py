"""Traces of patients in what a workflow wrote: what names them, where it stands, and which models learnt from them."""

import gzip
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from crossray import manifest
from crossray.files import csv_text, read_json, with_texts
from crossray.tables import read, read_texts
from crossray.tables.lookup import Lookup
from crossray.texts import from_cell

#: folders below a working folder that hold software, not results
_SOFTWARE = {".git", ".venv", "conda", "node_modules", "__pycache__"}
#: a shorter identifier is part of many numbers and words: it is looked for in the cells of tables alone
SHORTEST = 6
_PSEUDONYM = re.compile(r"[0-9a-f]{16}")
#: folders of a study that hold what was learnt, which forgetting leaves as it is
LEARNT = ("models", "shared_heads")


@dataclass
class Traces:
    """What names patients of one data set.

    Attributes:
        dataset: its name.
        patients: identifiers of the release of those that were found.
        names: identifiers, pseudonyms and file names, of the patients, their studies and their images.
        images: the images' identifiers in manifests.
    """

    dataset: str
    patients: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)


def traces_of(dataset: str, wanted: Set[str], lookup: Path, table: Path) -> Traces:
    """Find what names patients.

    Args:
        dataset: its name.
        wanted: patients by the identifiers of the release, or as they are called in the manifest.
        lookup: the way back (:func:`crossray.manifest.write_lookup`); may be gone.
        table: the manifest; may be gone.
    """
    traces = Traces(dataset, set(wanted), set(wanted))
    if not (lookup.is_file() and table.is_file()):
        return traces
    rows = read(lookup, Lookup).merge(
        manifest.read(table)[list(manifest.NAMING_COLUMNS)], on="image_id", suffixes=("", "_told")
    )
    here = rows[rows["released_patient_id"].isin(wanted) | rows["patient_id"].isin(wanted)]
    traces.patients = set(here["released_patient_id"]) | (wanted - set(here["patient_id"]))
    traces.images = set(here["image_id"])
    traces.names |= {str(name) for column in here for name in here[column].dropna()}
    traces.names |= {Path(path).name for path in here["path"]}
    return traces


def search(
    folders: Iterable[Path], traces: Sequence[Traces], passed: Set[Path] = frozenset()
) -> tuple[int, list[Path]]:
    """Search all files below folders for names of patients.

    Args:
        folders: where to search; links to folders are not followed, links to files are.
        traces: whose names.
        passed: files and folders that are not searched, as releases themselves.

    Returns:
        The number of files that were searched, and those that hold a name.
    """
    names = {name for one in traces for name in one.names}
    long = sorted(name for name in names if len(name) >= SHORTEST)
    pattern = re.compile("|".join(map(_bounded, long)).encode()) if long else None
    anywhere = re.compile("|".join(map(re.escape, long)).encode()) if long else None
    short = {one.dataset: {name for name in one.names if len(name) < SHORTEST} for one in traces}
    searched, found = 0, []
    for path in _files(folders, passed):
        searched += 1
        used = anywhere if path.suffix == ".h5" or not path.suffix else pattern
        content = os.fsencode(path) + b"\n" + _content(path)
        of_dataset = [cells for name, cells in short.items() if name in (*path.parts, path.stem) and cells]
        if (used and used.search(content)) or any(_has_cell(path, cells) for cells in of_dataset):
            found.append(path)
    return searched, found


def _bounded(name: str) -> str:
    """Return a pattern of a whole word; a pseudonym is long enough to be found within others."""
    return re.escape(name) if _PSEUDONYM.fullmatch(name) else rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])"


def _files(folders: Iterable[Path], passed: Set[Path]) -> Iterator[Path]:
    for folder in folders:
        for here, below, names in os.walk(folder):
            below[:] = sorted(
                name for name in below if name not in _SOFTWARE and Path(here, name).resolve() not in passed
            )
            yield from (path for name in sorted(names) if (path := Path(here, name)).resolve() not in passed)


def _content(path: Path) -> bytes:
    """Return the bytes of a file, and of a table what its compression hides."""
    try:
        content = path.read_bytes()
    except OSError:  # a link to what was removed, a socket
        return b""
    if content[:4] == b"PAR1":
        table = pd.read_parquet(path)
        return content + csv_text(table).encode() + str(table.attrs).encode()
    return content + (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b"")


def _has_cell(path: Path, cells: Set[str]) -> bool:
    """Return whether a column of names in a table has one of some short names as a whole cell."""
    if path.suffix not in (".csv", ".parquet"):
        return False
    table = with_texts(read_texts(path), from_cell) if path.suffix == ".csv" else pd.read_parquet(path)
    columns = [name for name in table if str(name).endswith(("_id", "path"))]
    return any(table[name].astype("str").isin(cells).any() for name in columns)


def learnt_from(study: Path, traces: Traces) -> list[str]:
    """Return the models of a study that learnt from patients, or whose weights come from one that did.

    Args:
        study: its folder; with the manifest of the data set it is known in which splits the patients are, without it
            every model that was trained on the data set is named.
        traces: of the patients.
    """
    table = study / "manifests" / f"{traces.dataset}.parquet"
    if table.is_file():
        rows = manifest.read(table)
        if not (rows["image_id"].isin(traces.images) & (rows["split"] != "test")).any():
            return []
    records = {path.parent: read_json(path) for kind in LEARNT for path in (study / kind).rglob("training.json")}
    named = {folder for folder, record in records.items() if traces.dataset in record["datasets"]}
    while more := _children(records, named):
        named |= more
    return sorted(map(str, named))


def _children(records: Mapping[Path, Mapping[str, Any]], named: Set[Path]) -> set[Path]:
    digests = {records[folder]["sha256"] for folder in named}
    return {folder for folder, record in records.items() if folder not in named and record["weights"] in digests}
