"""Several tables as one: rows of further tables are added by a key, and every cell keeps its file and row.

A table may have several rows an image, or a value of a key; what such rows say of labels is combined, and in everything
else they must agree.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crossray.datasets.fields import plain
from crossray.datasets.identifiers import check_whole, loosely
from crossray.datasets.sheets import read_table
from crossray.errors import UserError, listed, may_quote, named
from crossray.study.base import LeftOut, Settings

if TYPE_CHECKING:
    import numpy
    import pandas
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: what :func:`crossray.datasets.identifiers.loosely` leaves out
_ALTERED = "leading zeros, a final .0, capital letters, blanks and signs that are not seen"


@dataclass(frozen=True, kw_only=True)
class Join(Settings):
    """A further table, with one row for each value of a key."""

    table: str
    "CSV, Excel or Parquet file, relative to the root; its columns are added to those of the table of images."
    key: str
    "Column that both tables have, such as image_id, patient_id, study_id or an accession number."
    key_there: LeftOut[str] = None
    "Name of that column in the further table, if different."
    names: tuple[str, ...] = ()
    "Names of its columns, if it has no header line."


@dataclass(frozen=True)
class Rows:
    """The rows of a table that say something of images, where there are several for some.

    Attributes:
        texts: their cells, by rows of the file less 2; -1 and empty for an image without one.
        images: place of the image of each, ascending.
    """

    texts: "pandas.DataFrame"
    images: "NDArray[numpy.intp]"


@dataclass(frozen=True)
class Joined:
    """Images, with the cells of all tables."""

    texts: "pandas.DataFrame"
    "One row an image, all cells as text, under the index of the table of images (row of the spreadsheet less 2)."
    origins: "dict[str, tuple[str, pandas.Series]]"
    "Column -> its file, and the row there of each image, less 2; of several rows the first."
    repeated: dict[str, Rows] = field(default_factory=dict)
    "File -> its rows, of those that have several for an image."

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

    def require_one(self, columns: Sequence[str]) -> None:
        """Check that all rows of an image say the same in these columns.

        Raises:
            UserError: if some do not; the message names the rows.
        """
        for column in dict.fromkeys(columns):
            path, _ = self.origins[column]
            if path not in self.repeated:
                continue
            rows = self.repeated[path]
            cells = rows.texts[column].str.strip()
            different = cells.groupby(rows.images).transform("nunique").to_numpy() > 1
            if different.any():
                first = cells.index[rows.images == rows.images[different][0]]
                raise UserError(
                    f"{path}: rows {listed(first + 2)} are of one image and differ in column {column}; only labels may "
                    "differ, which several_rows combines"
                )

    def cells(self, column: str) -> "tuple[pandas.Series, str]":
        """Return the texts of a column by rows of the file that it stands in, in the order of images, and the file."""
        path, rows = self.origins[column]
        if path in self.repeated:
            return self.repeated[path].texts[column], path
        return self.texts[column].set_axis(rows.to_numpy()), path

    def images_of(self, column: str) -> "NDArray[numpy.intp] | None":
        """Return the place of the image of each of :meth:`cells`; None where each image has one."""
        path, _ = self.origins[column]
        return self.repeated[path].images if path in self.repeated else None


def read_joined(
    paths: Sequence[str],
    joins: Sequence[Join],
    columns: Sequence[str],
    identify: "Callable[[pandas.DataFrame, str], pandas.Series]",
    several_rows: bool = False,
    names: Sequence[str] = (),
    used: Sequence[str] = (),
) -> Joined:
    """Read a table of images and add further ones.

    Args:
        paths: the table of images, then one file a join.
        joins: how each is added.
        columns: those that must be there, in whichever table.
        identify: returns the identifiers of images in the table of images, of this file.
        several_rows: whether an image, and a key of a further table, may have several rows.
        names: of the columns of the table of images, where it has no header.
        used: columns beside these whose cells are used if they are there. A column of two tables that is used must say
            the same in both, where both say something; of another one the first table's is kept.

    Raises:
        UserError: if an image has several rows, or a key of a further table, and may not; if two tables contradict each
            other, or a column is in none.
    """
    images = read_table(paths[0], columns if not joins else [joins[0].key], names)
    alone = _alone(images, paths[0], identify, several_rows)
    return with_joins(alone, paths[1:], joins, columns, several_rows, used)


def with_joins(
    joined: Joined,
    paths: Sequence[str],
    joins: Sequence[Join],
    columns: Sequence[str],
    several_rows: bool,
    used: Sequence[str] = (),
) -> Joined:
    """Add further tables, as :func:`read_joined` does."""
    used = [*columns, *used, *(join.key for join in joins)]
    for path, join in zip(paths, joins, strict=True):
        joined = _added(joined, path, join, several_rows, used)
    joined.require(columns)
    return joined


def _alone(
    images: "pandas.DataFrame",
    path: str,
    identify: "Callable[[pandas.DataFrame, str], pandas.Series]",
    several_rows: bool,
) -> Joined:
    """Return a table of images, of several rows of an image the first; all of them are kept aside."""
    import pandas as pd

    identifiers = identify(images, path)
    again = identifiers.duplicated() & (identifiers != "")
    if again.any() and not several_rows:
        _refuse_twice(identifiers[identifiers != ""], path, "image_id occurs more than once", "identifiers do")
    unknown = pd.Series(range(len(images)), images.index).astype(str).radd("\0")  # each without a name by itself
    places = pd.factorize(identifiers.mask(identifiers == "", unknown))[0]
    texts = images[~again]
    joined = Joined(texts, dict.fromkeys(texts.columns, (path, texts.index.to_series())))
    if not again.any():
        return joined
    log.info("%s: %d rows are of %d images", path, len(images), len(texts))
    order = places.argsort(kind="stable")
    return replace(joined, repeated={path: Rows(images.iloc[order], places[order])})


def _added(joined: Joined, path: str, join: Join, several_rows: bool, used: Sequence[str]) -> Joined:
    import numpy as np
    import pandas as pd

    there = join.key_there or join.key
    joined.require([join.key])
    joined.require_one([join.key])
    further = read_table(path, [there], join.names)
    keys, wanted = further[there].str.strip(), joined.texts[join.key].str.strip()
    check_whole(keys, path, there)
    check_whole(joined.cells(join.key)[0].str.strip(), joined.cells(join.key)[1], join.key)
    further, keys = further[keys != ""], keys[keys != ""]
    if keys.duplicated().any() and not several_rows:
        _refuse_twice(keys, path, f"column {there}", "keys occur there more than once")
    rows = pd.DataFrame({"key": wanted.to_numpy(), "image": np.arange(len(wanted))}).merge(
        pd.DataFrame({"key": keys.to_numpy(), "row": further.index}), how="left", on="key"
    )
    without = wanted[rows.groupby("image")["row"].first().isna().to_numpy()]
    matched = len(wanted) - len(without)
    log.info(
        "%s: %d of %d images have a row there by %s, %d have none; %d of its %d rows have no image",
        path, matched, len(wanted), join.key, len(without), (~keys.isin(set(wanted))).sum(), len(keys),
    )  # fmt: skip
    alike = without.map(loosely).isin(set(keys.map(loosely))).sum()
    if not matched:
        advice = (
            f"{alike} would be if {_ALTERED} did not count: write both alike"
            if alike
            else "are they written alike (leading zeros, endings), and is it the right column?"
        )
        raise UserError(f"{path}: no value of its column {there} is one of column {join.key} of the images; {advice}")
    if len(without):
        log.warning(
            "%s: %d of %d images have no row there by %s; %d of them would if %s did not count%s",
            path, len(without), len(wanted), join.key, alike, _ALTERED, ": write both alike" if alike else "",
        )  # fmt: skip
    numbers = rows["row"].fillna(-1).astype(int)
    added = further.drop(columns=there if there in joined.texts else []).reindex(numbers).fillna("")
    shared = [name for name in added if name in joined.texts]
    known = joined.texts.assign(
        **{name: _agreed(joined, added[name], rows["image"], path, name) for name in shared if name in used}
    )
    added = added.drop(columns=shared)
    first = ~rows["image"].duplicated().to_numpy()
    places = pd.Series(numbers[first].to_numpy(), joined.texts.index)
    texts = pd.concat([known, added[first].set_axis(joined.texts.index)], axis=1)
    repeated = {} if first.all() else {path: Rows(added, rows["image"].to_numpy())}
    origins = joined.origins | dict.fromkeys(added.columns, (path, places))
    return Joined(texts, origins, joined.repeated | repeated)


def _agreed(
    joined: Joined, further: "pandas.Series", images: "pandas.Series", path: str, column: str
) -> "pandas.Series":
    """Return the cells of a column that two tables have: the first table's, and where that is silent the further one's.

    Args:
        joined: the tables before.
        further: cells of the further table, by its rows less 2.
        images: place of the image of each.
        path: the further table.
        column: the column.

    Raises:
        UserError: if they differ for an image; the message names the rows.
    """
    import numpy as np

    cells = joined.texts[column]
    said, here = cells.str.strip().to_numpy()[images], further.str.strip().to_numpy()
    different = (
        (said != "") & (here != "") & [_alike(one) != _alike(other) for one, other in zip(said, here, strict=True)]
    )
    if different.any():
        place = int(np.flatnonzero(different)[0])
        origin, rows = joined.origins[column]
        values = f" ({said[place]!r} and {here[place]!r})" if may_quote() else ""
        raise UserError(
            f"{path}: column {column} is in {origin} too, and they differ for {images[different].nunique()} of "
            f"{len(cells)} images{values}, the first is that of row {further.index[place] + 2} here and row "
            f"{rows.iloc[images.iloc[place]] + 2} there. Rename the column in one of them, or take it out there"
        )
    filled = further[(said == "") & (here != "")].set_axis(images[(said == "") & (here != "")])
    if len(filled):
        log.info("%s: column %s: %d cells that are empty elsewhere are taken from here", path, column, len(filled))
    first = filled[~filled.index.duplicated()]
    result = cells.copy()
    result.iloc[first.index] = first.to_numpy()
    return result


def _alike(text: str) -> str:
    """Return a cell as two programs may write it: in whichever capitals, a whole number with a point or without."""
    return plain(text).removesuffix(".0")


def _refuse_twice(keys: "pandas.Series", path: str, what: str, words: str) -> Any:
    """Refuse what stands in several rows, with its rows."""
    twice = keys.index[keys.duplicated(keep=False)]
    rows = keys.index[keys == keys[twice[0]]] + 2
    raise UserError(
        f"{path}: {what}: {keys[twice].nunique()} {words}, the first of them in rows {listed(rows)}; take all but one "
        "out, or say what several rows say together (several_rows: any, all, majority or first)"
    )
