"""The manifest: one row per image of a release, with its patient, its split and one label column per task.

Columns: image_id, patient_id, study_id, path, view, sex, age, split, then one float column per task: 1 positive,
0 negative, NaN unknown. If several readers labelled a task, columns ``TASK @ READER`` after them say who said what;
columns ``stratum: NAME`` are further groups, such as scanner or ward; the last one, if the release calls labels
uncertain and the policy makes them unknown, says of which tasks. Written as Parquet, whose metadata say which data set
it is, which reader and label policy made it, and what the policy did not keep.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.parquet

from crossray import tables
from crossray.errors import UserError, listed, quoted
from crossray.files import damaged, read_parquet, replacing
from crossray.pseudonyms import pseudonym
from crossray.study.splits import Split
from crossray.tables.lookup import Lookup

SPLITS = ("train", "validation", "test")
FIXED_COLUMNS = ("image_id", "patient_id", "study_id", "path", "view", "sex", "age", "split")

#: columns that may name a patient; keyed hashes replace them unless the data set is public
NAMING_COLUMNS = ("image_id", "patient_id", "study_id", "path")

#: years; in data sets that are not public higher ages are pooled, as few people have them and could be identified
OLDEST_TOLD = 89

#: between a task and a reader in the names of columns that say what each of several readers said
BY = " @ "

#: before the names of strata in those of their columns
STRATUM = "stratum: "
#: the column of dates: months from the first of the data set
MONTHS = f"{STRATUM}months"

#: the column that says of which tasks a label is unknown because the release calls it uncertain, and what parts them
UNCERTAIN = "uncertain labels"
AND = "|"

_METADATA_KEY = b"crossray"


def schema(tasks: Sequence[str], others: Sequence[str] = ()) -> pa.DataFrameSchema:
    """Return the table schema of a manifest with these columns of tasks, and those of strata and what is uncertain."""
    text = pa.Column(str, nullable=False)
    optional = pa.Column(str, nullable=True)
    columns = {
        "image_id": pa.Column(str, nullable=False, unique=True),
        "patient_id": text,
        "study_id": optional,
        "path": text,
        "view": optional,
        "sex": pa.Column(str, pa.Check.isin(["F", "M"]), nullable=True),
        "age": pa.Column(float, pa.Check.in_range(0, 120), nullable=True),
        "split": pa.Column(str, pa.Check.isin(SPLITS)),
    }
    labels = {task: pa.Column(float, pa.Check.isin([0.0, 1.0]), nullable=True) for task in tasks}
    last = {name: pa.Column(float, pa.Check.ge(0), nullable=True) if name == MONTHS else optional for name in others}
    return pa.DataFrameSchema({**columns, **labels, **last}, strict=True, ordered=True)


def of_several_patients(studies: pd.Series, patients: pd.Series) -> int:
    """Count the studies that images of several patients are said to be of.

    Args:
        studies: of each image, missing where none is known.
        patients: of each image, in the same order.
    """
    patients_of = patients.groupby(studies).nunique()
    return int((patients_of >= 2).sum())


def split_by_patient(patients: pd.Series, seed: int, shares: Mapping[str, float]) -> pd.Series:
    """Assign each patient to a split by a hash of (seed, patient), so that adding data moves no patient.

    Args:
        patients: patient identifiers, or their pseudonyms.
        seed: another seed gives another, independent assignment.
        shares: share of the patients, by split; they add up to 1.

    Returns:
        ``train``, ``validation`` or ``test`` for each row of ``patients``.
    """
    edges = np.cumsum([shares[split] for split in SPLITS[:-1]])
    names = {
        patient: SPLITS[int(np.searchsorted(edges, _uniform(seed, patient), side="right"))]
        for patient in patients.unique()
    }
    return patients.map(names)


def with_splits(table: pd.DataFrame, patients: pd.Series, split: Split) -> pd.DataFrame:
    """Draw the splits that a release does not bring: all of them, or the validation split of one that has none.

    Args:
        table: as a reader returns it: without the column ``split``, or with splits of which some are missing, those of
            images that belong to the training or to the validation split.
        patients: patient identifiers, which determine the split together with the seed. Pseudonyms if the split must
        not follow from identifiers of the release; another key then gives other splits.
        split: seed, and shares of train, validation and test; of the first two the ratio counts where some are missing.
    """
    if "split" not in table:
        return table.assign(split=split_by_patient(patients, split.seed, split.as_dict()))
    undecided = table["split"].isna()
    if not undecided.any():
        return table
    train = split.train / (split.train + split.validation)
    parts = split_by_patient(patients, split.seed, {"train": train, "validation": 1 - train, "test": 0.0})
    return table.assign(split=table["split"].mask(undecided, parts))


def as_classes(table: pd.DataFrame, classes: Sequence[str], origin: str) -> pd.DataFrame:
    """Read label columns as classes, of which an image has one.

    Args:
        table: the manifest.
        classes: the study's; a class without a column is none of the data set's.
        origin: the manifest's file, for messages.

    Returns:
        The manifest. An image of one of the classes has 1 there and 0 at the others; one whose class is not among them,
        or not known, is unknown at all of them.

    Raises:
        UserError: if an image has two classes, or none by all columns of the manifest; the message names the row
            (counted as in a spreadsheet, the header being row 1).
    """
    labels = table[tasks_of(table)]
    several = (labels == 1).sum(axis=1) > 1
    if several.any():
        columns = list(labels.columns[labels[several].iloc[0] == 1])
        raise UserError(
            f"{origin}: {_where(several)} more than one class ({listed(columns)}); with objective: multiclass an image "
            "has one. Mend the labels, or use multilabel"
        )
    none = (labels == 0).all(axis=1)
    if none.any():
        raise UserError(
            f"{origin}: {_where(none)} no class; with objective: multiclass an image has one. Name it in a column of "
            "its own, even one that is no task of the study, or leave the labels empty (unknown)"
        )
    here = [name for name in classes if name in labels]
    known = (labels[here] == 1).any(axis=1)
    return table.assign(**{name: (labels[name] == 1).astype(float).where(known) for name in here})


def _where(wrong: pd.Series) -> str:
    row = int(np.flatnonzero(wrong)[0]) + 2  # as in a spreadsheet, the header being row 1
    return f"{int(wrong.sum())} images have, the first of them in row {row} of the manifest,"


def _uniform(seed: int, patient: str) -> float:
    """Hash to [0, 1)."""
    digest = hashlib.sha256(f"{seed}:{patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def with_pseudonyms(table: pd.DataFrame, key: bytes | None) -> pd.DataFrame:
    """Replace every column that may name a patient, file names included; without a key the data set is public."""
    if key is None:
        return table
    hashed = {c: table[c].map(lambda text, c=c: pseudonym(text, key, c), na_action="ignore") for c in NAMING_COLUMNS}
    return table.assign(**hashed)


def less_identifying(table: pd.DataFrame) -> pd.DataFrame:
    """Pool the highest ages of a manifest with pseudonyms, and sort its rows so that the order reveals nothing.

    The release's order may be that of admissions or of names; that of keyed hashes is none. The index is kept.
    """
    ages = table["age"].mask(table["age"] > OLDEST_TOLD, OLDEST_TOLD + 1)
    return table.assign(age=ages).sort_values("image_id", kind="stable")


def write_lookup(path: Path, released: pd.DataFrame, table: pd.DataFrame) -> None:
    """Write which image, patient and file of the release a manifest speaks of; readable by its owner alone.

    Args:
        path: CSV to write: image_id as in the manifest, path from the release's root, released_image_id,
            released_patient_id, released_study_id.
        released: the manifest before identifiers were replaced.
        table: the manifest, its rows under the same index.
    """
    rows = released.loc[table.index]
    lookup = pd.DataFrame({"image_id": table["image_id"], "path": rows["path"]})
    for column in ("image_id", "patient_id", "study_id"):
        lookup[f"released_{column}"] = rows[column]
    tables.write(path, lookup, Lookup, private=True)


def with_files(table: pd.DataFrame, lookup: Path) -> pd.DataFrame:
    """Return a manifest with the column ``file``, where the image lies from the release's root.

    Raises:
        UserError: if the table of files is of another manifest.
    """
    files = tables.read(lookup, Lookup)
    if list(files["image_id"]) != list(table["image_id"]):
        raise UserError(f"{lookup}: not the files of this manifest; delete both and run the workflow again")
    return table.assign(file=files["path"].to_numpy())


def check(table: pd.DataFrame, tasks: Sequence[str], origin: str) -> None:
    """Check a manifest before it is written.

    Args:
        table: the manifest.
        tasks: its label columns; strata are those that it has.
        origin: the file that the rows came from, for messages.

    Raises:
        UserError: if an image_id is duplicate, a patient is in two splits, or a value is not allowed; the
            message names the file, the row (counted as in a spreadsheet, the header being row 1) and, if
            it may be quoted, the value.
    """
    splits = table.groupby("patient_id")["split"].nunique()
    straddling = splits.index[splits > 1]
    if len(straddling):
        rows = table.index[table["patient_id"] == straddling[0]] + 2
        raise UserError(
            f"{origin}: {len(straddling)} patients are in more than one split, the first of them "
            f"({quoted(straddling[0], 'a value')}) in rows {listed(rows)}; "
            "put all images of a patient into one split"
        )
    try:
        schema(tasks, others_of(table)).validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        first = cases.iloc[0]
        row = "" if pd.isna(first["index"]) else f"row {int(first['index']) + 2}, "
        rule = "occurs more than once" if "uniq" in str(first["check"]) else f"breaks the rule {first['check']}"
        raise UserError(
            f"{origin}: {row}column {first['column']}: {quoted(first['failure_case'], 'a value')} {rule} "
            f"({len(cases)} such values in all)"
        ) from None


def write(path: Path, table: pd.DataFrame, metadata: Mapping[str, Any]) -> None:
    """Write a manifest with ``metadata`` (JSON-able) in the Parquet file's own metadata, whole or not at all."""
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    described = {**(arrow.schema.metadata or {}), _METADATA_KEY: json.dumps(metadata, sort_keys=True).encode()}
    with replacing(path) as partial:
        pyarrow.parquet.write_table(arrow.replace_schema_metadata(described), partial)


def read(path: Path) -> pd.DataFrame:
    """Read a manifest, with the columns of this module's docstring.

    Raises:
        UserError: if it is none.
    """
    table = read_parquet(path, FIXED_COLUMNS)
    wrong = [name for name in table if not _has_its_type(table, name)]
    if wrong:
        raise damaged(path, f"column {listed(wrong)} is not of its type")
    return table


def _has_its_type(table: pd.DataFrame, name: str) -> bool:
    """Return whether a column holds numbers, or texts if it is one of those; one without any value may be either."""
    numbers = pd.api.types.is_float_dtype(table[name])
    if name == MONTHS:
        return numbers
    if name.startswith(STRATUM) or name == UNCERTAIN or (name in FIXED_COLUMNS and name != "age"):
        return table[name].isna().all() or (not numbers and pd.api.types.is_string_dtype(table[name]))
    return numbers


def read_metadata(path: Path) -> dict[str, Any]:
    """Read what :func:`write` put into a manifest's metadata.

    Raises:
        UserError: if there is no such thing.
    """
    try:
        return json.loads((pyarrow.parquet.read_schema(path).metadata or {})[_METADATA_KEY])
    except FileNotFoundError:
        raise
    except (pyarrow.ArrowException, OSError, KeyError, ValueError) as error:
        raise damaged(path, "says not what it is a manifest of") from error


def tasks_of(table: pd.DataFrame) -> list[str]:
    """Return the names of a manifest's label columns."""
    others = (*FIXED_COLUMNS, *opinions_of(table), *others_of(table))
    return [column for column in table.columns if column not in others]


def opinions_of(table: pd.DataFrame) -> list[str]:
    """Return the names of the columns that say what single readers said, ``TASK @ READER``."""
    return [column for column in table.columns if BY in column and not column.startswith(STRATUM)]


def strata_of(table: pd.DataFrame) -> list[str]:
    """Return the names of the columns by which images are compared, ``stratum: NAME``."""
    return [column for column in table.columns if column.startswith(STRATUM)]


def others_of(table: pd.DataFrame) -> list[str]:
    """Return the names of the columns after those of labels: of strata, and of what is uncertain if there is one."""
    return [*strata_of(table), *(name for name in (UNCERTAIN,) if name in table)]


def uncertain_of(labels: Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Return the column :data:`UNCERTAIN`; nothing where no label is.

    Args:
        labels: task -> which images have a label that is unknown because it is uncertain.
    """
    if not any(uncertain.any() for uncertain in labels.values()):
        return {}
    texts = [pd.Series(task, one.index).where(one) for task, one in labels.items()]
    return {
        UNCERTAIN: pd.concat(texts, axis=1).apply(lambda said: AND.join(said.dropna()) or None, axis=1).astype("str")
    }


def is_uncertain(table: pd.DataFrame, tasks: Sequence[str]) -> pd.Series:
    """Return of which images a label of one of some tasks is unknown because it is uncertain."""
    if UNCERTAIN not in table:
        return pd.Series(False, table.index)
    said = table[UNCERTAIN].fillna("").str.split(AND, regex=False)
    return said.map(lambda names: not set(tasks).isdisjoint(names))
