"""Several tables as one: rows of further tables are added by a key, and every cell keeps its file and row."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossray.datasets.sheets import read_table
from crossray.errors import UserError, listed, named, placed
from crossray.study.base import LeftOut, Settings

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Join(Settings):
    """A further table, with one row for each value of a key."""

    table: str
    "CSV, Excel or Parquet file, from the root; its columns are added to those of the table of images."
    key: str
    "Column that both tables have, such as image_id, patient_id, study_id or an accession number."
    key_there: LeftOut[str] = None
    "Name of that column in the further table, where it has another."


@dataclass(frozen=True)
class Joined:
    """Rows of images, with the cells of all tables."""

    texts: "pandas.DataFrame"
    "One row an image, all cells as text, under the index of the table of images (row of the spreadsheet less 2)."
    origins: "dict[str, tuple[str, pandas.Series]]"
    "Column -> its file, and the row there of each image, less 2."

    def require(self, columns: Sequence[str]) -> None:
        """Check that columns are there.

        Raises:
            UserError: if one is in none of the tables.
        """
        if missing := [name for name in dict.fromkeys(columns) if name not in self.texts]:
            paths = dict.fromkeys(path for path, _ in self.origins.values())
            raise UserError(
                f"{listed(paths)}: no column {listed(missing)}; the columns are {named(list(self.texts), 'in all', 30)}"
            )

    def cells(self, column: str) -> "tuple[pandas.Series, str]":
        """Return the texts of a column by rows of the file that it stands in, in the order of images, and the file."""
        path, rows = self.origins[column]
        return self.texts[column].set_axis(rows.to_numpy()), path


def read_joined(paths: Sequence[str], joins: Sequence[Join], columns: Sequence[str]) -> Joined:
    """Read a table of images and add further ones.

    Args:
        paths: the table of images, then one file a join.
        joins: how each is added.
        columns: those that must be there, in whichever table.

    Raises:
        UserError: if a key stands twice in a further table, a column is in two of them, or one is in none.
    """
    images = read_table(paths[0], columns if not joins else [joins[0].key])
    joined = _alone(images, paths[0])
    for path, join in zip(paths[1:], joins, strict=True):
        joined = _added(joined, path, join)
    joined.require(columns)
    return joined


def _alone(images: "pandas.DataFrame", path: str) -> Joined:
    return Joined(images, dict.fromkeys(images.columns, (path, images.index.to_series())))


def _added(joined: Joined, path: str, join: Join) -> Joined:
    import pandas as pd

    there = join.key_there or join.key
    joined.require([join.key])
    further = read_table(path, [there])
    keys, wanted = further[there].str.strip(), joined.texts[join.key].str.strip()
    _check_unique(keys, path, there)
    further, keys = further[keys != ""], keys[keys != ""]
    if twice := [name for name in further if name != there and name in joined.texts]:
        told = placed(twice, list(further))
        raise UserError(f"{path}: column {told} is in another table too; rename it in one of them")
    row_of = pd.Series(further.index, index=keys.to_numpy())
    rows = wanted.map(row_of)
    matched = rows.notna()
    log.info(
        "%s: %d of %d images have a row there by %s, %d have none; %d of its %d rows have no image",
        path, matched.sum(), len(rows), join.key, (~matched).sum(), (~keys.isin(set(wanted))).sum(), len(keys),
    )  # fmt: skip
    if not matched.any():
        raise UserError(
            f"{path}: no value of its column {there} is one of column {join.key} of the images; are they written alike "
            "(leading zeros, endings), and is it the right column?"
        )
    added = further.drop(columns=there if there in joined.texts else []).reindex(rows.fillna(-1).astype(int)).fillna("")
    texts = pd.concat([joined.texts, added.set_axis(joined.texts.index)], axis=1)
    places = rows.fillna(-1).astype(int)
    return Joined(texts, joined.origins | dict.fromkeys(added.columns, (path, places)))


def _check_unique(keys: "pandas.Series", path: str, column: str) -> None:
    twice = keys.index[keys.duplicated(keep=False) & (keys != "")]
    if len(twice):
        rows = keys.index[keys == keys[twice[0]]] + 2
        count = keys[twice].nunique()
        raise UserError(
            f"{path}: column {column}: {count} keys stand there more than once, the first of them in rows "
            f"{listed(rows)}; a key has one row, take the others out"
        )
