"""Cells of label tables to what a manifest holds: views, sexes, ages, labels. One meaning for each, in all readers."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: what a label may look like -> its value; -1 is what labelers write for uncertain
LABELS = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0, "-1": -1.0, "-1.0": -1.0, "": None}

SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "": None, "o": None, "u": None, "unknown": None}

#: view as releases write it, in capitals -> view as a manifest has it (DICOM PS3.3 C.8.7.1.1.3 and C.8.11.5.1.1)
VIEWS = {
    "": "",
    "PA": "PA",
    "POSTEROANTERIOR": "PA",
    "POSTERO-ANTERIOR": "PA",
    "AP": "AP",
    "ANTEROPOSTERIOR": "AP",
    "ANTERO-POSTERIOR": "AP",
    "AP SUPINE": "AP SUPINE",
    "AP_HORIZONTAL": "AP SUPINE",
    "L": "LATERAL",
    "LATERAL": "LATERAL",
    "LARGE LATERAL": "LATERAL",
    "LL": "LATERAL",
    "RL": "LATERAL",
    "LLD": "DECUBITUS",
    "RLD": "DECUBITUS",
    "LLO": "OBLIQUE",
    "RLO": "OBLIQUE",
    "COSTAL": "COSTAL",
    "UNK": "",
    "UNKNOWN": "",
}

OTHER_VIEW = "OTHER"

FRONTAL = ["PA", "AP", "AP SUPINE"]

OLDEST = 120


def optional(texts: "pandas.Series") -> "pandas.Series":
    """Replace empty texts by missing values."""
    return texts.mask(texts == "").astype("str")


def views(texts: "pandas.Series") -> "pandas.Series":
    """Name views as a manifest does, by :data:`VIEWS`; missing if unknown, ``OTHER`` for any other word.

    The word itself is not kept: a column or header that was filled in by hand may hold anything.
    """
    words = texts.str.strip().str.upper()
    others = ~words.isin(list(VIEWS))
    if others.any():
        log.info("%d images have a view of another name than %s", others.sum(), ", ".join(filter(None, VIEWS)))
    return optional(words.map(VIEWS).mask(others, OTHER_VIEW))


def sexes(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate sexes to F, M or missing."""
    return translated(texts.str.strip().str.lower(), SEXES, path, column).astype("str")


def labels(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate labels to 1, 0, -1 (uncertain) or missing, as floats."""
    return translated(texts.str.strip(), LABELS, path, column).astype(float)


def translated(texts: "pandas.Series", allowed: Mapping[str, Any], path: str, column: str) -> "pandas.Series":
    """Replace each text by its meaning.

    Raises:
        UserError: if a text has none; the message names the first row and what is allowed, and quotes nothing, as a
            column named by mistake may hold anything.
    """
    unknown = texts.index[~texts.isin(list(allowed))]
    if len(unknown):
        names = ", ".join(name or "empty" for name in allowed)
        raise UserError(
            f"{path}: row {unknown[0] + 2}, column {column}: the value is not one of {names} "
            f"({len(unknown)} such rows in all)"
        )
    return texts.map(allowed)


def numbers(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate a column of a table to numbers.

    Raises:
        UserError: if a text is none; the message names the file, the row and the column.
    """
    import numpy as np
    import pandas as pd

    values = pd.to_numeric(texts.str.strip(), errors="coerce")
    wrong = texts.index[~np.isfinite(values)]
    if len(wrong):
        raise UserError(f"{path}: row {wrong[0] + 2}, column {column}: not a number ({len(wrong)} such rows in all)")
    return values.astype(float)


def ages(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Translate ages to years; DICOM age strings (PS3.5 6.2, AS: 034Y, 018M, 006W, 003D) are converted.

    Ages above 120 years are slips of the pen that several releases have; they become missing, and are counted.

    Raises:
        UserError: if a text is not an age.
    """
    import pandas as pd

    parts = texts.str.strip().str.extract(r"^(?P<number>\d+(?:\.\d+)?)(?P<unit>[YMWDymwd]?)$")
    wrong = texts.index[(texts.str.strip() != "") & parts["number"].isna()]
    if len(wrong):
        raise UserError(
            f"{path}: row {wrong[0] + 2}, column {column}: not an age in years or of DICOM ({len(wrong)} such rows)"
        )
    per_year = parts["unit"].str.upper().map({"": 1.0, "Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25})
    years = (pd.to_numeric(parts["number"]) / per_year).astype(float)
    too_old = years > OLDEST
    if too_old.any():
        log.warning("%d ages above %d years are taken as unknown", too_old.sum(), OLDEST)
    return years.mask(too_old)
