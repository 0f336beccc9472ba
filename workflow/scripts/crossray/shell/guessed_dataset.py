"""A data set of a study, guessed from its tables and the folder of its images."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from crossray.datasets.fields import plain, view_of
from crossray.datasets.folder import SPLITS
from crossray.datasets.headers import read_headers
from crossray.datasets.listing import IMAGE_SUFFIXES, image_files
from crossray.datasets.row_facts import KEYWORDS
from crossray.datasets.sheets import read_table
from crossray.datasets.table_heads import looks_like_data
from crossray.errors import UserError, listed
from crossray.shell.guessed_columns import Columns, guess_columns
from crossray.shell.guessed_images import NamedImages, find_in_headers, find_named
from crossray.shell.guessed_tasks import NORMAL, Tasks, guess_tasks
from crossray.shell.study_text import Entry

if TYPE_CHECKING:
    import pandas

#: patients below which more of them are held back for tests
_FEW = 1000
#: headers that are read to see what they say
_HEADERS = 50
_LATERAL = ("LATERAL", "DECUBITUS", "OBLIQUE", "COSTAL")


@dataclass(frozen=True)
class GuessedDataset:
    """What was guessed.

    Attributes:
        name: of the data set.
        entries: its settings.
        tasks: its tasks.
        images: how many there are.
        asked: what could not be guessed, each with what to write.
    """

    name: str
    entries: Sequence[Entry]
    tasks: Sequence[str]
    images: int
    asked: Sequence[str]


def guess_dataset(tables: Sequence[Path], images: Path) -> GuessedDataset:
    """Guess a data set.

    Args:
        tables: those of one hospital; none if its images lie in a folder for each class.
        images: the folder of its images.

    Raises:
        UserError: if a table or the folder cannot be read, or no column says which image a row is about.
    """
    if not images.is_dir():
        raise UserError(f"{images}: no such folder; --images is the folder that image files lie in or below")
    files = image_files(str(images))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", images.resolve().name).strip("-._") or "images"
    if not tables:
        return _folders_of_classes(name, images, files)
    read = _read_alike(tables)
    paths, named = _table_of_images(read, images, files)
    table, joins = _joined(read.pop(paths), read)
    by_header = "found_by" in named.settings
    columns = guess_columns(table, None if by_header else named.column)
    if by_header:
        columns.found.pop("image_id", None)
    headers = _from_headers(named.root, files, columns) if not by_header else []
    if "patient_id" not in columns.found and "patient_id" not in headers and not by_header:
        _without_patients(columns)
    tasks = guess_tasks(table, [*columns.found.values(), *columns.doubtful, named.column])
    entries = [
        Entry("reader", "table"),
        Entry("root", str(Path(named.root).resolve()), "folder that image paths start from"),
        Entry("table", _from_root(named.root, paths)),
        *joins,
        *_where_images_are(named, columns, table),
        *([Entry("from_headers", headers, "where the table says nothing")] if headers else []),
        *_views(table, columns),
        _split(table, columns),
        Entry("tasks", below=[Entry(task, rule, tasks.why[task]) for task, rule in tasks.found.items()]),
    ]
    if not tasks.found:
        entries.pop()
    asked = [*columns.asked, *tasks.asked, *_unused(tasks)]
    return GuessedDataset(name, entries, list(tasks.found), len(table), asked)


def _read(path: Path) -> "pandas.DataFrame":
    """Read a table as text, by rows from 0."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; --table is a table of labels: CSV, Excel or Parquet")
    table = read_table(str(path))
    if looks_like_data(table):
        raise UserError(
            f"{path}: its first row looks like data, not like names of columns; put a row of names above it, or write "
            "the study by hand with names: [...] (docs/datasets/table.md, A table without a header)"
        )
    return table.reset_index(drop=True)


def _read_alike(paths: Sequence[Path]) -> "dict[tuple[Path, ...], pandas.DataFrame]":
    """Read tables; those with the same columns become one."""
    import pandas as pd

    parts: dict[tuple[str, ...], dict[Path, pd.DataFrame]] = {}
    for path in paths:
        table = _read(path)
        parts.setdefault(tuple(table), {})[path] = table
    return {tuple(several): pd.concat(several.values(), ignore_index=True) for several in parts.values()}


def _table_of_images(
    read: "dict[tuple[Path, ...], pandas.DataFrame]", images: Path, files: list[str]
) -> tuple[tuple[Path, ...], NamedImages]:
    """Return the tables whose column names the images, and how."""
    folder = str(images)
    for find in (lambda table: find_named(table, folder, files), lambda table: find_in_headers(table, folder)):
        found = {paths: one for paths, table in read.items() if (one := find(table))}
        if found:
            return max(found.items(), key=lambda item: (item[1].share, item[1].names))
    names = listed(path for several in read for path in several)
    raise UserError(
        f"{names}: no column names the files below {images}, which holds {len(files):,} image files, by their paths, "
        "their names, or what DICOM headers say (accession number, UIDs, patient); name the folder that paths start "
        "from, or write the study by hand (docs/datasets/table.md)"
    )


def _joined(
    table: "pandas.DataFrame", others: "dict[tuple[Path, ...], pandas.DataFrame]"
) -> tuple["pandas.DataFrame", list[Entry]]:
    """Return the table of images with the columns of further tables, and how these are joined."""
    joins, why = [], []
    for paths, there in others.items():
        path = paths[0]
        if len(paths) > 1:
            raise UserError(f"{listed(paths)}: tables with the same columns that name no images; make them one")
        pairs = [(key, other) for key in table for other in there if _fits(table[key], there[other])]
        if not pairs:
            raise UserError(
                f"{path}: no column has a row for each value of a column of the table of images, such as a patient; "
                "leave the table out, or join it by hand (docs/datasets/table.md, Several tables)"
            )
        key, other = max(pairs, key=lambda pair: (pair[0] == pair[1], table[pair[0]].nunique()))
        join = {"table": str(path.resolve()), "key": key} | ({} if key == other else {"key_there": other})
        joins.append(join)
        why.append(f"{key}: {table[key].str.strip().isin(there[other].str.strip()).mean():.0%} of the rows")
        new = there.loc[:, [column for column in there if column not in table and column != other]]
        new = new.set_axis(there[other].str.strip()).reindex(table[key].str.strip()).set_axis(table.index)
        table = table.assign(**new.fillna(""))
    return table, [Entry("join", joins, "guessed, by " + "; ".join(why))] if joins else []


def _fits(texts: "pandas.Series", there: "pandas.Series") -> bool:
    """Return whether a column has the keys of another: each once, and most that are asked for."""
    keys, wanted = there.str.strip(), texts.str.strip()
    return bool(keys.is_unique and len(set(wanted)) > 1 and wanted.isin(set(keys) - {""}).mean() >= 0.5)


def _from_root(root: str, paths: Sequence[Path]) -> Any:
    """Return the paths of tables as a study has them: from the root where they lie below it."""
    base = Path(root).resolve()
    names = [
        str(path.relative_to(base) if path.is_relative_to(base) else path) for path in (p.resolve() for p in paths)
    ]
    return names if len(names) > 1 else names[0]


def _from_headers(root: str, files: Sequence[str], columns: Columns) -> list[str]:
    """Return what is known from DICOM headers and from no column."""
    asked = [field for field in KEYWORDS if field not in columns.found]
    dicom = [file for file in files if not file.lower().endswith(IMAGE_SUFFIXES[2:])]
    if 2 * len(dicom) < len(files) or not asked:
        return []
    step = max(1, len(dicom) // _HEADERS)
    headers = read_headers(root, dicom[::step][:_HEADERS], [KEYWORDS[field] for field in asked])
    said = {field: (headers[KEYWORDS[field]].str.strip() != "").mean() for field in asked}
    return [field for field, share in said.items() if share == 1 or (share >= 0.5 and field != "patient_id")]


def _without_patients(columns: Columns) -> None:
    """Take every image for a patient of its own, and say so."""
    image = columns.found.get("image_id", "")
    columns.add("patient_id", image, "no column of patients: each image is taken for a patient of its own")
    columns.asked.insert(
        0,
        "patients: no column has them, so that images of one patient may be in two splits; name it (columns: "
        "{ patient_id: COLUMN }), or the part of a name that is the patient (patterns: { patient_id: '^(p[0-9]+)_' })",
    )


def _where_images_are(named: NamedImages, columns: Columns, table: "pandas.DataFrame") -> Iterator[Entry]:
    """Yield the columns, and what else says which image a row is about."""
    found = f"guessed, {named.found:,} of {named.names:,} names found"
    below = [Entry(field, column, columns.why[field]) for field, column in columns.found.items()]
    if named.settings:
        yield from (Entry(key, value, found) for key, value in named.settings.items())
    else:
        below.insert(1, Entry("path", named.column, found))
    if below:
        yield Entry("columns", why="guessed", below=below)
    image = columns.found.get("image_id")
    if image and not table[image].str.strip().is_unique:
        yield Entry("several_rows", "any", "an image has several rows; it has a finding if one of them says so")
    missing = 1 - named.found / named.names
    if missing:
        share = math.ceil(100 * missing) / 100
        yield Entry("max_missing", share, f"{named.names - named.found:,} names have no file; those rows are left out")


def _views(table: "pandas.DataFrame", columns: Columns) -> Iterator[Entry]:
    """Yield that frontal images are kept, where there are others too."""
    if "view" not in columns.found:
        return
    words = table[columns.found["view"]].map(view_of)
    others = int(words.isin(_LATERAL).sum())
    if 0 < others < len(words):
        yield Entry(
            "views",
            ["PA", "AP", "AP SUPINE", "OTHER", "UNKNOWN"],
            f"{others:,} lateral and oblique images are left out",
        )


def _split(table: "pandas.DataFrame", columns: Columns) -> Entry:
    """Return the shares of the splits."""
    patients = table[columns.found["patient_id"]].nunique() if "patient_id" in columns.found else len(table)
    few = {"train": 0.5, "validation": 0.2, "test": 0.3}
    shares = few if patients < _FEW else {"train": 0.7, "validation": 0.1, "test": 0.2}
    if "split" in columns.found:
        return Entry("split", shares, f"not used: column {columns.found['split']} has the splits")
    return Entry("split", shares, f"of the patients{', many for tests as there are few' if shares is few else ''}")


def _unused(tasks: Tasks) -> list[str]:
    if not tasks.unused:
        return []
    return [
        f"not used: {listed(tasks.unused, 12)}; for results by groups of one of them, such as a ward or a scanner, "
        "write strata: [COLUMN]"
    ]


def _folders_of_classes(name: str, images: Path, files: Sequence[str]) -> GuessedDataset:
    """Guess a data set without a table, whose images lie in a folder for each class."""
    parts = [PurePath(file).parent.parts for file in files]
    depth = 1 if parts and all(part and part[0].lower() in SPLITS for part in parts) else 0
    counts: dict[str, int] = {}
    for part in parts:
        label = part[depth] if len(part) > depth else ""
        counts[label] = counts.get(label, 0) + 1
    if len(counts) < 2 or "" in counts:
        raise UserError(
            f"{images}: without --table its images must lie in a folder for each class, such as NORMAL and PNEUMONIA; "
            "name the table of labels with --table"
        )
    classes = {label: [] if plain(label) in NORMAL else [label] for label in counts}
    why = ", ".join(f"{label} {count:,}" for label, count in counts.items())
    few = {"train": 0.5, "validation": 0.2, "test": 0.3}
    entries = [
        Entry("reader", "folder"),
        Entry("root", str(images.resolve())),
        Entry("classes", classes, f"folder: findings that its images have; guessed, {why}"),
        *([] if depth else [Entry("split", few)] if len(files) < _FEW else []),
    ]
    asked = [
        "patients: nothing says who they are, so that each image is taken for a patient of its own; name the part of a "
        "path that is the patient (patient: '(person[0-9]+)_'), or images of one patient may be in two splits"
    ]
    tasks = [label for label, findings in classes.items() if findings]
    return GuessedDataset(name, entries, tasks, len(files), asked)
