"""Traces of patients in a workflow's outputs: their identifiers, and the models trained on them."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossray import manifest
from crossray.errors import UserError
from crossray.files import read_json
from crossray.pseudonyms import is_pseudonym
from crossray.tables import read
from crossray.tables.lookup import Lookup

if TYPE_CHECKING:
    import pandas

#: folders of a study that hold what was learnt, which forgetting leaves as it is
LEARNT = ("models", "shared_heads")


@dataclass
class Traces:
    """What names patients of one data set.

    Attributes:
        dataset: its name.
        patients: their identifiers in the release.
        names: identifiers, pseudonyms and file names, of the patients, their studies and their images.
        images: the images' identifiers in manifests.
        complete: whether manifest and way back are there, so that nothing else names them.
    """

    dataset: str
    patients: set[str]
    names: set[str]
    images: set[str] = field(default_factory=set)
    complete: bool = False


@dataclass(frozen=True)
class Ways:
    """The ways back to patients of a data set.

    Attributes:
        lookup: mapping of manifest identifiers to the release's (:func:`crossray.manifest.write_lookup`).
        table: the manifest.
    """

    lookup: Path
    table: Path

    def rows(self) -> "pandas.DataFrame | None":
        """Return identifiers and paths, those of the manifest with the ending ``_told``; None where a file is gone."""
        if not (self.lookup.is_file() and self.table.is_file()):
            return None
        told = manifest.read(self.table)[list(manifest.NAMING_COLUMNS)]
        return read(self.lookup, Lookup).merge(told, on="image_id", suffixes=("", "_told"))


def traces_of(wanted: Set[str], ways: Mapping[str, Ways]) -> tuple[list[Traces], set[str]]:
    """Find what names patients in the data sets of one cohort.

    Args:
        wanted: patients by the identifiers of the release, or as they are called in a manifest.
        ways: the ways back by data set.

    Returns:
        The traces in every data set, and which of the wanted are found in none.

    Raises:
        UserError: if a patient may be named as in a missing manifest, and so cannot be identified.
    """
    tables = {name: one.rows() for name, one in ways.items()}
    called: dict[str, str] = {}
    for rows in tables.values():
        if rows is not None:
            for column in ("patient_id", "released_patient_id"):
                here = rows[rows[column].isin(wanted)]
                called |= dict(zip(here[column], here["released_patient_id"], strict=True))
    unknown = wanted - called.keys()
    gone = [ways[name] for name, rows in tables.items() if rows is None]
    if gone and any(map(is_pseudonym, unknown)):
        raise UserError(
            f"{gone[0].table if gone[0].lookup.is_file() else gone[0].lookup}: is missing, and without it patients "
            "named as in a manifest cannot be found; use the release's identifiers, or make manifests first"
        )
    patients = {called.get(name, name) for name in wanted}
    return [_in_dataset(name, patients, wanted, rows) for name, rows in tables.items()], unknown


def _in_dataset(dataset: str, patients: set[str], wanted: Set[str], rows: "pandas.DataFrame | None") -> Traces:
    if rows is None:
        return Traces(dataset, patients, patients | wanted)
    here = rows[rows["released_patient_id"].isin(patients)]
    names = {str(name) for column in here for name in here[column].dropna()} | {
        Path(path).name for path in here["path"]
    }
    return Traces(dataset, patients, patients | wanted | names, set(here["image_id"]), complete=True)


def learnt_from(study: Path, traces: Traces) -> list[str]:
    """Return the models of a study that learnt from patients, or whose weights come from one that did.

    Args:
        study: its folder; with the manifest of the data set it is known in which splits the patients are, without it
            every model that was trained on the data set is named, as it is where nothing leads to their images.
        traces: of the patients.
    """
    table = study / "manifests" / f"{traces.dataset}.parquet"
    if table.is_file() and traces.complete:
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
