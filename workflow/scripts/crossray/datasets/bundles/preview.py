"""What would leave a site, for the officer who answers for it: one page of text, and the files themselves."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from crossray import manifest
from crossray.datasets.bundles import invitation, rows, sealing
from crossray.errors import listed
from crossray.files import replacing

#: rows that the page shows
_SHOWN = 3
#: patients who have a combination of values in common, below which it can tell who somebody is
_FEW = 5

#: what a column of a bundle is, by how it begins
_MEANINGS = {
    "image_id": "salted identifier of the image: only this site can say whose it is",
    "patient_id": "the same of the patient; two images of one patient have the same",
    "study_id": "the same of the examination",
    "view": "view of the radiograph",
    "sex": "F, M or empty",
    "age": "years; 90 means above 89 unless the data set is public",
}


def page(said: Mapping[str, Any], table: pd.DataFrame, folder: Path) -> Iterator[str]:
    """Yield the lines of the page.

    Args:
        said: what the bundle would say of itself.
        table: its rows.
        folder: where the files are written.
    """
    terms = said["terms"]
    yield f"What would leave for the study {said['study']!r}, as the site {said['site']!r}. Nothing has left."
    yield ""
    yield f"{said['images']:,} rows, one for each test image, of {said['patients']:,} patients. Level: {said['level']}."
    yield f"No image, name, date, file name or identifier of this hospital. Files to read: {folder}/"
    yield ""
    yield f"Every column of {rows.FILE}:"
    for name in table:
        yield f"  {name:32} {_facts(table, str(name))}"
    yield ""
    yield f"{_recognisable(table):,} of these patients have a combination of view, sex, age, labels and strata that"
    yield f"fewer than {_FEW} patients have."
    yield ""
    yield f"Its first {min(_SHOWN, len(table))} rows:"
    for _, row in table.head(_SHOWN).iterrows():
        yield "  " + ", ".join("" if pd.isna(value) else str(value) for value in row)
    yield ""
    yield f"{sealing.SEAL} says: study, site, level, number, the counts above, and what the invitation says: models"
    yield f"  {listed(terms['models'], 20)}, tasks {listed(terms['tasks'], 20)}, settings of images, digests of code"
    yield ""
    yield "Who has these rows cannot see whose they are, but can recognise a patient of whom they know enough: rare"
    yield "combinations of age, sex, view, strata and findings; or a score, with the image and the model at hand."
    yield "What each column tells, and what to do if that is too much: docs/bundles.md"


def _recognisable(table: pd.DataFrame) -> int:
    """Count the patients of whom a row has a combination of values that few have."""
    apart = [name for name in table if name in rows.FACTS or str(name).startswith((rows.LABEL, manifest.STRATUM))]
    sizes = table.groupby(apart, dropna=False)["patient_id"].transform("nunique")
    return int(table.loc[sizes < _FEW, "patient_id"].nunique())


def _facts(table: pd.DataFrame, name: str) -> str:
    """Say what is in a column."""
    column, known = table[name], table[name].dropna()
    if name in rows.IDENTIFIERS:
        return f"{_MEANINGS[name]} ({known.nunique():,} different)"
    if name.startswith(rows.LABEL):
        counts = int((known == 1).sum()), int((known == 0).sum()), int(column.isna().sum())
        return "label: {:,} with, {:,} without, {:,} unknown".format(*counts)
    if name.startswith(manifest.STRATUM) or name == "view":
        return f"{listed(sorted(map(str, known.unique())), 8) or 'nothing'}"
    if name in _MEANINGS:
        return _MEANINGS[name]
    spread = f", {known.min():.3g} to {known.max():.3g}" if len(known) else ""
    return f"what the model makes of the image{spread}"


def write(folder: Path, said: Mapping[str, Any], table: pd.DataFrame) -> None:
    """Write the files that would leave, unsigned, for their owner alone."""
    for name, content in ((sealing.SEAL, invitation.as_bytes(said)), (rows.FILE, rows.as_csv(table))):
        with replacing(folder / name, private=True) as partial:
            partial.write_bytes(content)
