"""Images that no table lists: DICOM files below a folder, whose headers say which row of a table is theirs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crossray.datasets.headers import read_headers
from crossray.datasets.joined import Joined
from crossray.datasets.listing import OTHER_SUFFIXES, files_below
from crossray.datasets.sheets import read_table
from crossray.errors import UserError
from crossray.study.base import Settings
from crossray.study.kinds import Text

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: before DICOM's keyword in the name of a column that headers fill
HEADER = "DICOM "
#: column of their paths
FILE = f"{HEADER}file"
#: endings of files that are no DICOM
_OTHERS = (".png", ".jpg", ".jpeg", *OTHER_SUFFIXES)

Key = Literal["AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "PatientID", "StudyID"]


@dataclass(frozen=True, kw_only=True)
class FoundBy(Settings):
    """How the images of a row are found where no table lists them."""

    column: Text
    "Column of the table whose values are also in the headers, such as an accession number."
    header: Key = "AccessionNumber"
    "DICOM keyword of the element with these values."


def dicom_files(root: str) -> list[str]:
    """Return the files below a folder that may be DICOM, with whatever ending, as paths from it, in order."""
    return [path for path in files_below(root) if not path.lower().endswith(_OTHERS)]


def find(
    root: str, table: str, found_by: FoundBy, keywords: list[str], max_missing: float, names: Sequence[str] = ()
) -> Joined:
    """Find the DICOM files whose headers have a value of a column of a table.

    Args:
        root: the folder.
        table: the table of labels.
        found_by: its column, and the element of headers.
        keywords: further elements that are wanted.
        max_missing: the largest share of the table's values that may have no file.
        names: of the table's columns, where it has no header.

    Returns:
        One row an image: column :data:`FILE`, and of each element a column of :data:`HEADER` and its keyword; files of
        which the table says nothing are left out.

    Raises:
        UserError: if there is no such file, or too many values have none.
    """
    wanted = read_table(table, [found_by.column], names)[found_by.column].str.strip()
    elements = list(dict.fromkeys([found_by.header, "SOPInstanceUID", *keywords]))
    paths = dicom_files(root)
    headers = read_headers(root, paths, elements) if paths else None
    if headers is None or not (listed := headers[found_by.header].str.strip().isin(set(wanted) - {""})).any():
        raise UserError(
            f"{table}: {len(paths)} files below {root!r} were looked at, and none has a value of column "
            f"{found_by.column} as {found_by.header} in a DICOM header; is it the right column and element, and are "
            "they written alike (leading zeros)?"
        )
    _check_missing(wanted, headers[found_by.header].str.strip(), table, found_by, max_missing)
    log.info("%d of %d files have a row in the table by %s", listed.sum(), len(paths), found_by.header)
    images = headers.add_prefix(HEADER).assign(**{FILE: paths})[listed.to_numpy()].reset_index(drop=True)
    return Joined(images, dict.fromkeys(images.columns, (root, images.index.to_series())))


def _check_missing(
    wanted: "pandas.Series", there: "pandas.Series", table: str, found_by: FoundBy, max_missing: float
) -> None:
    """Check that few values of the table have no image; rows of one value count once."""
    values = wanted[wanted != ""].drop_duplicates()
    without = values[~values.isin(set(there))]
    if len(without):
        log.warning("%d of %d values of column %s have no image", len(without), len(values), found_by.column)
    if len(without) > max_missing * len(values):
        raise UserError(
            f"{table}: {len(without)} of {len(values)} values of column {found_by.column} are in no DICOM header "
            f"({found_by.header}), more than max_missing = {max_missing:g} allows; the first is that of row "
            f"{without.index[0] + 2}. Put their images below root, or raise max_missing"
        )
