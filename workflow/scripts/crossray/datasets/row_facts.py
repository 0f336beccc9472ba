"""Facts of images from rows of tables: identifiers, paths, view, sex, age and date, from patterns and headers too."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crossray.datasets.found_images import HEADER
from crossray.datasets.headers import KEYWORDS, from_headers
from crossray.datasets.identifiers import check_whole, known, say_near_twins, without_placeholders
from crossray.datasets.image_paths import found_on_disk, from_pattern
from crossray.datasets.joined import Joined
from crossray.datasets.patterns import group_of, group_where_it_fits
from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

    from crossray.datasets.table import TableReading

IDENTIFIERS = ("image_id", "patient_id", "study_id")


def facts_of(
    root: str, joined: Joined, columns: Mapping[str, str], settings: "TableReading"
) -> dict[str, "pandas.Series"]:
    """Return what is known of each image but its labels, as text; empty where nothing is.

    Raises:
        UserError: if an image has no identifier, patient or path; the message names the row.
    """
    import pandas as pd

    texts = joined.texts
    fields = ("image_id", "patient_id", "study_id", "path", "view", "sex", "age", "date")
    facts = {
        field: texts[columns[field]].str.strip() if field in columns else pd.Series("", texts.index, dtype="str")
        for field in fields
    }
    if settings.path:
        facts["path"] = from_pattern(settings.path, texts)
    if settings.found_by:
        facts |= _found(facts, texts)
    facts |= _parts(facts, joined, columns, settings.patterns.as_dict())
    facts["path"] = found_on_disk(root, facts["path"])
    facts |= _parts_of_words(facts, columns, settings.patterns.as_dict())
    facts |= from_headers(root, facts, settings.from_headers)
    facts["study_id"] = known(facts["study_id"], *_place("study_id", joined, columns, root))
    facts["patient_id"] = _patients(root, facts, joined, columns, settings.no_patient)
    for field in ("image_id", "patient_id", "path"):
        empty = texts.index[facts[field] == ""]
        if len(empty) and settings.found_by:
            raise UserError(
                f"{root}: {len(empty)} of {len(texts)} DICOM files that have labels have no {KEYWORDS[field]} in their "
                f"header, and no table has a column for it; name one (columns.{field}), or leave these files out"
            )
        if len(empty):
            column = columns.get(field, settings.path if field == "path" else KEYWORDS.get(field, field))
            origin = joined.origins[next(iter(texts))][0]
            raise UserError(f"{origin}: row {empty[0] + 2}, column {column}: empty; every image needs one")
    return facts


def _parts(
    facts: Mapping[str, "pandas.Series"], joined: Joined, columns: Mapping[str, str], patterns: Mapping[str, str]
) -> dict[str, "pandas.Series"]:
    """Return the parts of identifiers that count, by patterns, which must fit."""
    return {
        field: group_of(patterns[field], facts[field], joined.origins[columns[field]][0], columns[field])
        for field in IDENTIFIERS
        if field in columns and field in patterns
    }


def _parts_of_words(
    facts: Mapping[str, "pandas.Series"], columns: Mapping[str, str], patterns: Mapping[str, str]
) -> dict[str, "pandas.Series"]:
    """Return the parts of view, sex and age that count; of a path where they have no column and no header says them."""
    parts = {}
    for field in ("view", "sex", "age"):
        if field in patterns:
            found = group_where_it_fits(patterns[field], facts[field if field in columns else "path"], field)
            parts[field] = found if field in columns else facts[field].mask(facts[field] == "", found)
    return parts


def _patients(
    root: str,
    facts: Mapping[str, "pandas.Series"],
    joined: Joined,
    columns: Mapping[str, str],
    no_patient: Sequence[str],
) -> "pandas.Series":
    """Return who the patients are, once identifiers were looked at."""
    places = {field: _place(field, joined, columns, root) for field in IDENTIFIERS}
    for field, place in places.items():
        check_whole(facts[field], *place)
    say_near_twins(facts["patient_id"], *places["patient_id"])
    owners = facts["study_id"].mask(facts["study_id"] == "", facts["image_id"])
    return without_placeholders(facts["patient_id"], owners, no_patient, *places["patient_id"])


def _place(field: str, joined: Joined, columns: Mapping[str, str], root: str) -> tuple[str, str]:
    """Return the file and column of a field; of one that headers fill the folder, and DICOM's keyword."""
    if field in columns:
        return joined.origins[columns[field]][0], columns[field]
    return root, KEYWORDS.get(field, field)


def _found(facts: Mapping[str, "pandas.Series"], texts: "pandas.DataFrame") -> dict[str, "pandas.Series"]:
    """Return facts of images that no table lists, with what their headers say where the tables say nothing."""
    found = {
        field: facts[field].mask(facts[field] == "", texts[HEADER + keyword].str.strip())
        for field, keyword in {"image_id": "SOPInstanceUID", **KEYWORDS}.items()
        if HEADER + keyword in texts
    }
    return found | {"image_id": found["image_id"].mask(found["image_id"] == "", facts["path"])}
