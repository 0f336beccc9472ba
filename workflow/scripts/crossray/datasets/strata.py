"""What else images are compared by, such as scanner or ward, and months in the place of dates.

What is kept tells nobody apart: a value of few patients becomes ``other``, and of a date how many months it is from the
first of the data set. A stratum is a column of a table of the release or, if no table has it, an element of the DICOM
headers. Readers of releases that everybody knows need only say which of their tables is one of images
(:class:`crossray.datasets.Described`).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from annotated_types import Len

from crossray.errors import UserError, listed
from crossray.study.base import LeftOut, Settings
from crossray.study.kinds import Number, Obeys, OneKindOf, Several, Text

if TYPE_CHECKING:
    import pandas

    from crossray.datasets import Described, Release

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
#: what releases write for what is not known, as pandas does
_NOTHING = {"nan": "", "None": ""}
#: between the values of an image that has several rows
_AND = " + "
#: endings of images that have no DICOM header
_PICTURES = (".png", ".jpg", ".jpeg")


def _wrong_cut(cut: Sequence[float]) -> str | None:
    return None if list(cut) == sorted(set(cut)) else "goes up from each number to the next"


@dataclass(frozen=True, kw_only=True)
class Stratum(Settings):
    """A stratum of numbers, cut into groups."""

    column: Text
    "Column of numbers, such as one of follow-ups or of pixel spacings."
    cut: Annotated[tuple[Number, ...], Len(1), Obeys(_wrong_cut)]
    "Where a new group begins: [1, 5] makes three groups, below 1, from 1 to below 5, and from 5 on."


Sources = Sequence[str] | Mapping[str, str] | Mapping[str, str | Stratum]


def sources_of(strata: Sources) -> dict[str, str]:
    """Return name -> column or element of each stratum."""
    named = strata if isinstance(strata, Mapping) else {name: name for name in strata}
    return {name: source.column if isinstance(source, Stratum) else source for name, source in named.items()}


def wrong_strata(strata: Sources) -> str | None:
    """Return what is wrong with the names of strata, in words that go after the key; None if nothing is."""
    taken = [name for name in sources_of(strata) if name in _TAKEN]
    return f"{taken[0]!r} is the name of another group; call it something else" if taken else None


def wrong_elements(strata: Sources) -> str | None:
    """Return what is wrong with strata of a reader whose only table is the headers; None if nothing is."""
    for source in sources_of(strata).values():
        if source not in ELEMENTS:
            return f"{source!r} is no element of DICOM headers that is kept; allowed are {', '.join(ELEMENTS)}"
    return wrong_strata(strata)


@dataclass(frozen=True, kw_only=True)
class OfTables(Settings):
    """Strata of a release with tables that say more of images."""

    strata: LeftOut[
        Annotated[
            Several[str] | Annotated[Mapping[str, Annotated[str | Stratum, OneKindOf()]], Len(1)],
            OneKindOf(),
            Obeys(wrong_strata),
        ]
    ] = None
    """Further groups to report, beside sex, age and view, as a list, or as name to column: columns of the table of
    images, or elements of DICOM headers, such as ManufacturerModelName. Values of fewer than ten patients become
    `other`. Numbers are cut into groups: `{ follow_up: { column: 'Follow-up #', cut: [1, 5] } }`."""


@dataclass(frozen=True, kw_only=True)
class OfHeaders(Settings):
    """Strata of a release whose DICOM headers alone say more of images."""

    strata: LeftOut[
        Annotated[Several[str] | Annotated[Mapping[str, str], Len(1)], OneKindOf(), Obeys(wrong_elements)]
    ] = None
    """Further groups to report, beside sex, age and view: elements of DICOM headers, such as ManufacturerModelName, as
    a list, or as name to element. Values of fewer than ten patients become `other`."""


def with_strata(
    table: "pandas.DataFrame", asked: Sources, release: "Release", reader: "Described | None"
) -> "pandas.DataFrame":
    """Return the images that a reader kept with their strata, numbers cut, values of few patients pooled.

    Args:
        table: what the reader returned; strata that it has read itself are there as text.
        asked: the setting ``strata``.
        release: where the release lies.
        reader: of the release, if one of its tables is one of images; its columns come before elements of headers.

    Raises:
        UserError: if neither the table nor the headers have a stratum, it has no value, more than :data:`MOST`, or what
            is to be cut is no number.
    """
    from crossray.manifest import STRATUM

    left = {name: source for name, source in sources_of(asked).items() if f"{STRATUM}{name}" not in table}
    found = {f"{STRATUM}{name}": texts for name, texts in _read(table, left, release, reader).items()} if left else {}
    table = table.assign(**found)
    for name, source in asked.items() if isinstance(asked, Mapping) else sources_of(asked).items():
        texts, column = table[f"{STRATUM}{name}"].fillna("").replace(_NOTHING), sources_of({name: source})[name]
        if not texts.str.strip().any():
            raise UserError(
                f"{release.root}: strata: {column} is empty for all {len(table)} images; name another column or "
                "element, or take it out"
            )
        texts = _cut(texts, source, name) if isinstance(source, Stratum) else texts
        table[f"{STRATUM}{name}"] = pooled(texts, table["patient_id"], name)
    return table


def _read(
    table: "pandas.DataFrame", asked: Mapping[str, str], release: "Release", reader: "Described | None"
) -> dict[str, "pandas.Series"]:
    """Return the text of each stratum that the table of images has, or else the headers."""
    from crossray.datasets.headers import read_headers
    from crossray.datasets.sheets import read_table

    found, there = {}, release.root
    if reader is not None:
        there = release.tables[reader.TABLE_OF_IMAGES]
        rows = read_table(there)
        ids = reader.image_ids(rows)
        found = {name: _of_images(table, rows[column], ids) for name, column in asked.items() if column in rows}
    pictures = table["path"].str.lower().str.endswith(_PICTURES).all()
    missing = {name: column for name, column in asked.items() if name not in found}
    if wrong := [column for column in missing.values() if pictures or column not in ELEMENTS]:
        words = [f"the columns are {listed(list(rows.columns), 40)}"] if reader is not None else []
        words += [] if pictures else [f"elements of DICOM headers are {', '.join(ELEMENTS)}"]
        none = f"PNG and JPEG files have no DICOM header, and no element {wrong[0]}"
        raise UserError(
            f"{there}: strata: {f'no column {wrong[0]}' if reader is not None else none}; "
            f"{'; '.join(words) or 'take it out'}"
        )
    if missing:
        said = read_headers(release.root, table["path"], list(missing.values())).set_axis(table.index)
        found |= {name: said[element] for name, element in missing.items()}
    return {name: found[name] for name in asked}


def _of_images(table: "pandas.DataFrame", cells: "pandas.Series", ids: "pandas.Series") -> "pandas.Series":
    """Return a column by images: of several rows the values that differ, in order; empty where an image has no row."""
    texts = cells.str.strip().groupby(ids.to_numpy()).agg(lambda said: _AND.join(sorted(set(said) - {""})))
    return table["image_id"].map(texts).fillna("")


def _cut(texts: "pandas.Series", stratum: Stratum, name: str) -> "pandas.Series":
    """Return which group each number is in, in words; empty where there is none."""
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(texts, errors="coerce")
    if wrong := int((numbers.isna() & (texts.str.strip() != "")).sum()):
        raise UserError(
            f"strata: {name}: {wrong} of {len(texts)} images have no number in column {stratum.column}, so that it "
            "cannot be cut; name it without cut"
        )
    edges = [f"{edge:g}" for edge in stratum.cut]
    names = [f"below {edges[0]}", *(f"from {low} to below {high}" for low, high in pairwise(edges))]
    names.append(f"from {edges[-1]} on")
    groups = np.array(names)[np.searchsorted(stratum.cut, numbers.fillna(0), side="right")]
    return pd.Series(groups, texts.index).where(numbers.notna(), "")


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
            "most; name another column, cut numbers (cut: [...]), or pool values in the table"
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
