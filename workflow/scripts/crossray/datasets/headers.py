"""What DICOM headers say of images where a release's tables are silent: view, patient, sex, age, date. Nothing else."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

_EVERY = 5000

#: what a header may say -> DICOM's keyword
KEYWORDS = {
    "patient_id": "PatientID",
    "study_id": "StudyInstanceUID",
    "sex": "PatientSex",
    "age": "PatientAge",
    "view": "ViewPosition",
    "date": "StudyDate",
}


def read_headers(root: str, paths: Iterable[str], keywords: Sequence[str]) -> "pandas.DataFrame":
    """Read elements of DICOM headers, without the pixels.

    Args:
        root: the folder that paths start from.
        paths: DICOM files.
        keywords: DICOM's keywords of the elements.

    Returns:
        One row a path, one text column a keyword; empty where the element or the file is missing or unreadable (such
        files end in ``rejected.csv``).
    """
    import pandas as pd

    from crossray import elements
    from crossray.errors import UnusableImageError
    from crossray.pixel_data import read_header

    rows, unreadable = [], 0
    for number, path in enumerate(paths, start=1):
        try:
            header = read_header(Path(root, path), keywords)
            rows.append([_text(elements.value(header, keyword)) for keyword in keywords])
        except UnusableImageError:
            rows.append([""] * len(keywords))
            unreadable += 1
        if number % _EVERY == 0:
            log.info("%d headers read", number)
    if unreadable:
        log.warning("%d of %d files have no readable DICOM header", unreadable, len(rows))
    return pd.DataFrame(rows, columns=list(keywords), dtype="str")


def _text(value: object) -> str:
    """Return the value of an element as text; of several values all, as a file has them."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "\\".join(map(str, value))
    return str(value or "")


def from_headers(root: str, facts: Mapping[str, "pandas.Series"], fields: Sequence[str]) -> dict[str, "pandas.Series"]:
    """Return facts with what DICOM headers say where they are empty; only headers of such images are read.

    Args:
        root: the folder that paths start from.
        facts: field -> text of each image; ``path`` is among them.
        fields: which of :data:`KEYWORDS` headers are asked for.
    """
    empty = [facts[field] == "" for field in fields]
    if not fields or not (needed := sum(empty) > 0).any():
        return {}
    paths = facts["path"][needed]
    headers = read_headers(root, paths, [KEYWORDS[field] for field in fields]).set_axis(paths.index)
    log.info("%d headers were read for %s", len(paths), ", ".join(fields))
    filled = {}
    for field, where in zip(fields, empty, strict=True):
        said = headers[KEYWORDS[field]].str.strip().reindex(where.index, fill_value="")
        filled[field] = facts[field].mask(where, said)
    return filled
