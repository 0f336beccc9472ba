"""Small cells: counts withheld from a study's tables for data sets that are not public.

Every analysis writes its tables through :func:`write`. A count of images or patients from 1 up to a limit becomes
``<5``; numbers that rest on it become empty; and of the other counts so many become ``hidden`` that none of the first
kind can be worked out from what is shown (:mod:`crossray.suppression`): for each of them at least two values agree with
all shown counts and totals of the table, with totals that other tables show, and with what the two marks say. Who the
patients of each split are is hidden altogether, as tables of results have these groups too. Zeros and public data stay
as they are. Tables without such counts, and studies of public data, pass unchanged.

Tables are written one by one, and many count the same: how many images of a target's test split have a finding, and how
many have not. Of these two, whose sum is their images, every table says what :func:`crossray.suppression.of_pair` says,
whether it has both or one of them alone, and a table that parts them further, or adds other splits, hides counts of its
own beside them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.determined import determined
from crossray.files import write_csv
from crossray.reasons import TOO_FEW
from crossray.study.small_cells import Published
from crossray.suppression import EITHER, NOTHING, SHOWN, SMALL, Sum, choose, of_pair
from crossray.tables import HIDDEN, check
from crossray.tables.contract import Row

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: columns that count images or patients, in whatever table they stand; how many labels are unknown is no property of
#: patients, as files that cannot be used are none
COUNTS = (
    "images", "patients", "positives", "negatives", "readable", "rows", "found", "labelled", "other_images",
    "training_images", "source_images", "both", "first_only", "second_only", "neither", "matched", "own_positives",
    "other_positives", "positive_patients", "exact", "near", "shared_patients", "overlap_before", "overlap", "moved",
    "row_patients",
)  # fmt: skip

#: who has a finding and who has not, of the images or patients: of a name that is no column of a table the values are
#: known too
_PAIRS = (
    ("positives", "negatives", "images"), ("own_positives", "own_negatives", "images"),
    ("other_positives", "other_negatives", "images"), ("first_positives", "first_negatives", "images"),
    ("second_positives", "second_negatives", "images"), ("positive_patients", "other_patients", "patients"),
)  # fmt: skip

#: counts of all images or patients of a split, which several tables have, beside pairs
_WHOLE = ("images", "patients", "readable", "rows", "found", "labelled", "row_patients", "source_images")

#: counts that make up another one, or None where other tables show their sum
_PARTS: tuple[tuple[Sequence[str], str | None], ...] = (
    *((pair, whole) for *pair, whole in _PAIRS),
    (("both", "first_only", "second_only", "neither"), "images"),
    (("both", "first_only"), "first_positives"),
    (("second_only", "neither"), "first_negatives"),
    (("both", "second_only"), "second_positives"),
    (("first_only", "neither"), "second_negatives"),
    (("images", "other_images"), None),
)

#: columns whose values part the images of rows that are otherwise alike; the row ``all`` is their sum, if it is there;
#: ``value`` is one of a property or of a sweep, and elsewhere a result
_PARTING = ("split", "value", "group", "true_class", "predicted_class", "predicted", "bin")

#: columns that say which data a row counts; those of the model that is asked say nothing of them
_OF_DATA = ("dataset", "target", "first", "second", "other", "task", "split", "property", "value", "attribute", "group",
            "true_class", "predicted_class", "predicted", "bin", "features", "scale")  # fmt: skip
_OF_MODEL = ("model", "source", "seed", "rule", "chosen_on", "method", "weights", "measure", "metric", "correction")

#: numbers that are one count over another; they go where either is not shown
_SHARES = ("value", "prevalence", "share", "observed", "sensitivity", "specificity", "precision", "accuracy", "f1",
           "majority", "observed_expected")  # fmt: skip


def write(path: Path, table: "pd.DataFrame", contract: type[Row], settings: Published) -> None:
    """Write a table of an analysis.

    Args:
        path: CSV to write.
        table: with its counts.
        contract: what the table with all its counts must keep to.
        settings: of the analysis.

    Raises:
        UserError: if it does not.
    """
    check(path, table, contract)
    table = determined(table, contract, settings.counted)
    rule = settings.small_cells
    write_csv(path, withhold(table, rule.below, rule.closed) if rule else table)


def withhold(table: "pd.DataFrame", limit: int, closed: Iterable[str]) -> "pd.DataFrame":
    """Return a table without the small counts of some data sets, as this module's docstring says.

    Args:
        table: one row an observation.
        limit: the smallest count that is shown.
        closed: names of the data sets that are not public.
    """
    import numpy as np
    import pandas as pd

    counts = [name for name in COUNTS if name in table and _are_whole(table[name])]
    rows = table[_concerned(table, set(closed))]
    if {"property", "split"} <= set(table):
        table = _without_groups_of_splits(table, rows.index[rows["split"] != "all"])
        rows = rows[rows["split"] == "all"]
    if not counts or rows.empty:
        return table
    if not {"property", "sweep"} & set(rows):
        rows = rows.drop(columns="value", errors="ignore")
    keys = _keys(rows, counts)
    cells = rows.drop_duplicates(keys)[[*keys, *counts]].reset_index(drop=True)
    wide = _with_known(cells.assign(**cells[counts].astype("Float64").fillna(0).astype(np.int64)), counts)
    known = [*counts, *wide.columns.difference(cells.columns)]
    # Patients who have an image each, or steps that lose none: what is said of one count is said of the other.
    first_of = {name: next(one for one in known if _are_the_same(wide, one, name)) for name in known}
    names = [name for name in known if first_of[name] == name]
    place_of = {name: names.index(first_of[name]) for name in known}
    values = wide[names].to_numpy(np.int64).ravel()
    fixed = dict(_said_elsewhere(wide, place_of, len(names), limit))
    near = np.arange(len(values)) // len(names)
    sums = list(_sums(wide, place_of, len(names), values))
    chosen = choose(values, sums, limit, fixed, near).reshape(len(wide), len(names))
    marks = chosen[:, [place_of[name] for name in known]]
    place = pd.MultiIndex.from_frame(cells[keys].astype("str")).get_indexer(
        pd.MultiIndex.from_frame(rows[keys].astype("str"))
    )
    result = _without(table, rows.index, counts, marks[place], limit)
    if "unknown" in table:  # together with the images of a split, shown in other tables, they reveal how many are known
        hidden = rows.index[marks[place][:, known.index("images")] != SHOWN]
        result["unknown"] = result["unknown"].astype(object).mask(result.index.isin(hidden), HIDDEN)
    return result


def _without_groups_of_splits(table: "pd.DataFrame", hidden: "pd.Index") -> "pd.DataFrame":
    """Hide who the patients of each split are; with groups in tables of results small counts could be worked out."""
    names = ["images", "patients"]
    result = table.astype(dict.fromkeys(names, object)) if len(hidden) else table.copy()
    result.loc[hidden, names] = HIDDEN
    return result


def _are_the_same(cells: "pd.DataFrame", first: str, second: str) -> bool:
    if first == second:
        return True
    if {first, second} <= set(_WHOLE):
        return cells[first].equals(cells[second])
    of_images, of_patients = _PAIRS[0], _PAIRS[-1]
    pairs = [set(pair) for pair in zip(of_images[:2], of_patients[:2], strict=True)]
    return {first, second} in pairs and all(
        cells[one].equals(cells[other]) for one, other in zip(of_images, of_patients, strict=True)
    )


def _are_whole(column: "pd.Series") -> bool:
    """Return whether a column counts; ``overlap`` is a share elsewhere."""
    numbers = column.dropna().astype(float)
    return bool((numbers % 1 == 0).all())


def _with_known(cells: "pd.DataFrame", counts: Sequence[str]) -> "pd.DataFrame":
    """Add what a table does not show and its readers know: the other one of a pair, the images, and totals of groups.

    Totals are added where a pair of them is not shown: elsewhere groups add up to what is known.
    """
    import pandas as pd

    wide = cells
    if {"both", "neither"} <= set(counts):
        both, first, second, neither = (wide[name] for name in ("both", "first_only", "second_only", "neither"))
        wide = wide.assign(first_positives=both + first, first_negatives=second + neither)
        wide = wide.assign(second_positives=both + second, second_negatives=first + neither)
    for positives, negatives, whole in _PAIRS:
        if positives in wide and negatives in wide and whole not in wide:
            wide = wide.assign(**{whole: wide[positives] + wide[negatives]})
        elif positives in wide and whole in wide and negatives not in wide:
            wide = wide.assign(**{negatives: wide[whole] - wide[positives]})
    numbers = [name for name in wide if name in counts or name not in cells]
    groups = [name for name in ("group", "bin") if name in wide]
    if not {"positives", "negatives"} <= set(wide) or not groups:
        return wide
    others = [name for name in cells if name not in (*counts, *groups)]
    totals = wide.groupby(others, dropna=False, as_index=False)[numbers].sum()
    return pd.concat([wide, totals.assign(**dict.fromkeys(groups, "all"))], ignore_index=True)


def _said_elsewhere(
    wide: "pd.DataFrame", place_of: Mapping[str, int], width: int, limit: int
) -> Iterator[tuple[int, int]]:
    """Yield the numbers of counts that other tables have too, and what all say of them; of ``width`` counts a row."""
    parted = [name for name in _PARTING if name in wide and name != "split"]
    total = (wide[parted].astype("str") == "all").all(axis=1)
    if "property" in wide:
        total |= (wide["property"] == "split") & (wide["value"] == "test")
    if "split" in wide:
        # All images of a data set are counted with their properties, and those of the test split with their results.
        total &= wide["split"].isin(["test", "all"] if {"readable", "property"} & set(wide) else ["test"])
    pairs = [(pair, whole) for *pair, whole in _PAIRS if set(pair) <= set(place_of)]
    for row in wide.index[total]:
        said = {name: SMALL if 0 < wide.loc[row, name] < limit else SHOWN for name in place_of if name in _WHOLE}
        for pair, whole in pairs:
            if wide.loc[row, whole] == wide.loc[row, pair].sum():
                first, second = (int(wide.loc[row, name]) for name in pair)
                said |= dict(zip(pair, of_pair(first, second, limit), strict=True))
        yield from ((int(row) * width + place_of[name], mark) for name, mark in said.items())


def _concerned(table: "pd.DataFrame", closed: set[str]) -> "pd.Series":
    """Return which rows count images or patients of such a data set; where none is named all may."""
    import pandas as pd

    names = [name for name in ("target", "dataset") if name in table][:1]
    if names and not {"exact", "overlap"} & set(table):
        found = table[names[0]].isin(closed)
    else:
        named = [name for name in ("source", "target", "first", "second", "other") if name in table]
        found = table[named].isin(closed).any(axis=1) if named else pd.Series(bool(closed), table.index)
    # Files that cannot be used and labels that are not known are no property of patients, and the logs count them too.
    return found & ~table["property"].isin(["rejected", "unlabelled"]) if "property" in table else found


def _keys(rows: "pd.DataFrame", counts: Sequence[str]) -> list[str]:
    """Return the columns that tell counts apart: those of models only where counts hang on them."""
    of_data = [name for name in _OF_DATA if name in rows]
    keys = of_data + [name for name in _OF_MODEL if name in rows]
    alike = of_data and not rows.drop_duplicates([*of_data, *counts]).duplicated(of_data).any()
    return of_data if alike else keys


def _sums(cells: "pd.DataFrame", place_of: Mapping[str, int], width: int, values: "NDArray[np.int64]") -> Iterator[Sum]:
    """Yield which counts, by their number in ``values``, of which ``width`` are a row's, add up to which."""
    for parts, total in _PARTS:
        if set(parts) <= set(place_of) and (total is None or total in place_of):
            for row in range(len(cells)):
                members = tuple(row * width + place_of[name] for name in parts)
                whole = None if total is None else row * width + place_of[total]
                yield Sum(members, whole, int(values[list(members)].sum()))
    keys = [name for name in (*_OF_DATA, *_OF_MODEL) if name in cells]
    for parting in (name for name in _PARTING if name in cells):
        others = [name for name in keys if name != parting]
        for _, group in cells.groupby(others, dropna=False) if others else [((), cells)]:
            every = group.index[group[parting].astype("str") == "all"]
            single = group.index.difference(every)
            for column in range(width):
                members = tuple(row * width + column for row in single)
                known = int(values[list(members)].sum())
                whole = every[0] * width + column if len(every) == 1 and len(single) else None
                # Patients may have images in several groups; such counts do not add up.
                if len(single) and (whole is None or values[whole] == known):
                    yield Sum(members, whole, known)


def _without(
    table: "pd.DataFrame", index: "pd.Index", counts: Sequence[str], marks: "NDArray[np.int8]", limit: int
) -> "pd.DataFrame":
    """Return a table with marks in place of counts, and without the numbers that rest on these."""
    import numpy as np
    import pandas as pd

    result = table.copy()
    for place, name in enumerate(counts):
        if (marks[:, place] != SHOWN).any():
            result[name] = result[name].astype(object)
            result.loc[index[marks[:, place] == SMALL], name] = f"<{limit}"
            result.loc[index[marks[:, place] >= NOTHING], name] = HIDDEN
    # Counts that are not in a table but known to its readers count too: its numbers would reveal them.
    small, any_ = index[np.isin(marks, (SMALL, EITHER)).any(axis=1)], index[(marks != SHOWN).any(axis=1)]
    numbers = [name for name in table if pd.api.types.is_float_dtype(table[name]) and name not in counts]
    result.loc[small, numbers] = float("nan")
    shares = [name for name in numbers if name.removesuffix("_low").removesuffix("_high") in _SHARES]
    result.loc[any_, shares] = float("nan")
    if "reason" in result:
        result.loc[small, "reason"] = result.loc[small, "reason"].where(result.loc[small, "reason"].notna(), TOO_FEW)
    return result
