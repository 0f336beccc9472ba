"""Forgotten patients: a list of hashes, by which readers leave them out of a release.

The list holds keyed hashes under a key of its own, so that neither an identifier nor a pseudonym of a forgotten patient
stands anywhere, and a later run still leaves the patient out, although the release has not changed.
"""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.errors import UserError
from crossray.files import replacing
from crossray.pseudonyms import KEY_LENGTH, pseudonym

if TYPE_CHECKING:
    import pandas

_KIND = "forgotten"


def add(path: Path, patients: Iterable[str]) -> None:
    """Add patients, by the identifiers of the release, to a list that is its owner's alone."""
    key, known = _read(path) if path.exists() else (secrets.token_hex(KEY_LENGTH), set())
    known |= {pseudonym(patient, key.encode(), _KIND) for patient in patients}
    with replacing(path, private=True) as partial:
        partial.write_text(json.dumps({"key": key, "patients": sorted(known)}, indent=1), encoding="utf-8")


def without_forgotten(table: "pandas.DataFrame", path: Path) -> "pandas.DataFrame":
    """Return the rows of a release whose patients are not on a list.

    Raises:
        UserError: if no patient is left.
    """
    key, known = _read(path)
    kept = table[~table["patient_id"].map(lambda patient: pseudonym(patient, key.encode(), _KIND)).isin(known)]
    if kept.empty:
        raise UserError(f"{path}: all patients of the data set are forgotten; take the data set out of the study")
    return kept


def _read(path: Path) -> tuple[str, set[str]]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        key, patients = facts["key"], facts["patients"]
    except (ValueError, KeyError, TypeError, RecursionError):
        key = patients = None
    if not (isinstance(key, str) and isinstance(patients, list) and all(isinstance(one, str) for one in patients)):
        raise UserError(
            f"{path}: not a list of forgotten patients; bring it back from a copy, as without it they would return"
        )
    return key, set(patients)
