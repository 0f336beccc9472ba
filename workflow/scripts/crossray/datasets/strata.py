"""What else images are compared by, such as scanner or ward, and months in the place of dates.

What is kept tells nobody apart: a value of few patients becomes ``other``, and of a date how many months it is from the
first of the data set.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: elements of DICOM headers that strata may be (PS3.3), by keyword: none names a person, a place or a device of its own
ELEMENTS = (
    "Manufacturer", "ManufacturerModelName", "Modality", "BodyPartExamined", "DetectorType", "DetectorConfiguration",
    "PhotometricInterpretation", "PatientPosition", "PositionerType", "Grid",
)  # fmt: skip
#: values of fewer patients are pooled
RARE = 10
#: values of a stratum, at most
MOST = 30
OTHER = "other"
#: names that other columns have
_TAKEN = ("sex", "age", "view", "months", "split", "all", "rejected")


def sources_of(strata: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return name -> column or element of each stratum."""
    return dict(strata) if isinstance(strata, Mapping) else {name: name for name in strata}


def wrong_strata(strata: Sequence[str] | Mapping[str, str]) -> str | None:
    """Return what is wrong with the names of strata, in words that go after the key; None if nothing is."""
    taken = [name for name in sources_of(strata) if name in _TAKEN]
    return f"{taken[0]!r} is the name of another group; call it something else" if taken else None


def wrong_elements(strata: Sequence[str] | Mapping[str, str]) -> str | None:
    """Return what is wrong with strata of a reader whose only table is the headers; None if nothing is."""
    for source in sources_of(strata).values():
        if source not in ELEMENTS:
            return f"{source!r} is no element of DICOM headers that is kept; allowed are {', '.join(ELEMENTS)}"
    return wrong_strata(strata)


def pooled(values: "pandas.Series", patients: "pandas.Series", name: str) -> "pandas.Series":
    """Return the values of a stratum, those of few patients as :data:`OTHER`, empty ones as missing.

    Args:
        values: text of each image.
        patients: whose each image is.
        name: of the stratum, for messages.

    Raises:
        UserError: if there are still too many.
    """
    texts = values.str.strip()
    texts = texts.where(texts != "")
    counts = patients.groupby(texts).nunique()
    rare = counts.index[counts < RARE]
    if len(rare):
        log.info("stratum %s: %d of %d values have fewer than %d patients and are pooled", name, len(rare), len(counts),
                 RARE)  # fmt: skip
    texts = texts.mask(texts.isin(rare), OTHER)
    if texts.nunique() > MOST:
        raise UserError(
            f"strata: {name} has {texts.nunique()} values of {RARE} patients or more, and {MOST} can be compared at "
            "most; name another column, or pool values in the table"
        )
    return texts


def months(texts: "pandas.Series") -> "pandas.Series":
    """Return the month of each date, counted from the year 0; missing where none is understood.

    Dates are those of DICOM (20240131) and of ISO 8601 (2024-01-31, with or without a time); others would be guesses.
    """
    parts = texts.str.strip().str.extract(r"^((?:19|20)\d\d)(-?)(0[1-9]|1[0-2])(?:\2(?:0[1-9]|[12]\d|3[01]))(?:\D.*)?$")
    unknown = int((parts[0].isna() & (texts.str.strip() != "")).sum())
    if unknown:
        log.warning("%d of %d dates are not understood, as in 2024-01-31 or 20240131, and unknown", unknown, len(texts))
    return parts[0].astype(float) * 12 + parts[2].astype(float) - 1


def from_the_first(table: "pandas.DataFrame", column: str) -> "pandas.DataFrame":
    """Return a table whose months are counted from the first one."""
    return table.assign(**{column: table[column] - table[column].min()})
