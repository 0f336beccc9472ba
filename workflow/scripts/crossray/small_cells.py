"""Small cells: what the tables that leave a study do not say of data sets that are not public.

Every analysis writes its tables through :func:`write`. A count of images or patients from 1 up to a limit becomes
``<5``; numbers that rest on it become empty; and of the other counts so many become ``hidden`` that none of the first
kind can be worked out from what is shown: for each of them at least two values agree with all shown counts and totals
of the table, with totals that other tables show, and with what the two marks say. Zeros and public data stay as they
are. Tables without such counts, and studies of public data, pass unchanged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.files import write_csv
from crossray.reasons import TOO_FEW
from crossray.study.small_cells import Published
from crossray.tables import HIDDEN, check
from crossray.tables.contract import Row

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: columns that count images or patients, in whatever table they stand
COUNTS = (
    "images", "patients", "positives", "negatives", "unknown", "rows", "found", "readable", "labelled", "other_images",
    "training_images", "source_images", "both", "first_only", "second_only", "neither", "matched", "own_positives",
    "other_positives", "exact", "near", "shared_patients", "overlap_before", "overlap", "moved",
)  # fmt: skip

#: counts that make up another one, or None where other tables show their sum
_PARTS: tuple[tuple[tuple[str, ...], str | None], ...] = (
    (("positives", "negatives", "unknown"), None),
    (("positives", "negatives"), "images"),
    (("both", "first_only", "second_only", "neither"), "images"),
    (("images", "other_images"), None),
)

#: columns whose values part the images of rows that are otherwise alike; the row ``all`` is their sum, if it is there
_PARTING = ("split", "value", "group", "true_class", "predicted_class", "predicted", "bin")

#: columns that say which data a row counts; those of the model that is asked say nothing of them
_OF_DATA = ("dataset", "target", "first", "second", "other", "task", "split", "property", "value", "attribute", "group",
            "true_class", "predicted_class", "predicted", "bin", "features", "scale")  # fmt: skip
_OF_MODEL = ("model", "source", "seed", "rule", "chosen_on", "method", "weights", "measure", "metric", "correction")

#: numbers that are one count over another; they go where either is not shown
_SHARES = ("prevalence", "share", "observed", "sensitivity", "specificity", "precision", "accuracy", "f1", "majority")

#: with more counts that are not shown in one web of sums all of the web goes, as asking for each would take long
_MOST = 300


@dataclass(frozen=True)
class _Sum:
    """Counts that add up to another count, or to a number that is known."""

    parts: tuple[int, ...]
    total: int | None
    known: int

    @property
    def members(self) -> tuple[int, ...]:
        return self.parts if self.total is None else (*self.parts, self.total)


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

    counts = [name for name in COUNTS if name in table]
    rows = table[_concerned(table, set(closed))]
    if not counts or rows.empty:
        return table
    keys = _keys(rows, counts)
    cells = rows.drop_duplicates(keys)[[*keys, *counts]].reset_index(drop=True)
    values = cells[counts].astype("Float64").fillna(0).to_numpy(np.int64).ravel()
    marks = _marks(values, list(_sums(cells, counts, values)), limit).reshape(len(cells), len(counts))
    place = pd.MultiIndex.from_frame(cells[keys].astype("str")).get_indexer(
        pd.MultiIndex.from_frame(rows[keys].astype("str"))
    )
    return _without(table, rows.index, counts, marks[place], limit)


def _concerned(table: "pd.DataFrame", closed: set[str]) -> "pd.Series":
    """Return which rows count images or patients of such a data set; where none is named all may."""
    import pandas as pd

    names = [name for name in ("target", "dataset") if name in table][:1]
    if names and not {"exact", "overlap"} & set(table):
        found = table[names[0]].isin(closed)
    else:
        named = [name for name in ("source", "target", "first", "second", "other") if name in table]
        found = table[named].isin(closed).any(axis=1) if named else pd.Series(bool(closed), table.index)
    # Files that cannot be used are no property of patients, and the logs count them too.
    return found & (table["property"] != "rejected") if "property" in table else found


def _keys(rows: "pd.DataFrame", counts: Sequence[str]) -> list[str]:
    """Return the columns that tell counts apart: those of models only where counts hang on them."""
    of_data = [name for name in _OF_DATA if name in rows]
    keys = of_data + [name for name in _OF_MODEL if name in rows]
    alike = of_data and not rows.drop_duplicates([*of_data, *counts]).duplicated(of_data).any()
    return of_data if alike else keys


def _sums(cells: "pd.DataFrame", counts: Sequence[str], values: "NDArray[np.int64]") -> Iterator[_Sum]:
    """Yield which counts, by their number in ``values``, add up to which."""
    width = len(counts)
    for parts, total in _PARTS:
        if set(parts) <= set(counts) and (total is None or total in counts):
            for row in range(len(cells)):
                members = tuple(row * width + counts.index(name) for name in parts)
                whole = None if total is None else row * width + counts.index(total)
                yield _Sum(members, whole, int(values[list(members)].sum()))
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
                    yield _Sum(members, whole, known)


#: what is said of a count: itself; that it is small; nothing
_SHOWN, _SMALL, _NOTHING = 0, 1, 2


def _marks(values: "NDArray[np.int64]", sums: Sequence[_Sum], limit: int) -> "NDArray[np.int8]":
    """Choose what is said of each count so that no small one can be worked out."""
    import numpy as np

    marks = np.where((values > 0) & (values < limit), _SMALL, _SHOWN).astype(np.int8)
    # A small total that no table shows tells nothing; that counts of a table add up to one of its own always does.
    sums = [one for one in sums if len(one.parts) > 1 and (one.total is not None or one.known >= limit)]
    for web in _webs(sums):
        while (told := _worked_out(values, marks, web, limit)) is not None:
            if not _hide_another(values, marks, web, told, limit):
                break
    return marks


def _webs(sums: Sequence[_Sum]) -> list[list[_Sum]]:
    """Part sums into webs that have no count in common."""
    webs: list[tuple[set[int], list[_Sum]]] = []
    for one in sums:
        touching = [web for web in webs if not web[0].isdisjoint(one.members)]
        members, joined = set(one.members), [one]
        for web in touching:
            members |= web[0]
            joined += web[1]
            webs.remove(web)
        webs.append((members, joined))
    return [web for _, web in webs]


def _worked_out(values: "NDArray[np.int64]", marks: "NDArray[np.int8]", web: Sequence[_Sum], limit: int) -> int | None:
    """Return a small count that has one value alone under all that is shown; None if there is none."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp

    unknown = sorted({one for each in web for one in each.members if marks[one] != _SHOWN})
    small = [one for one in unknown if 0 < values[one] < limit]
    if not small or len(unknown) > _MOST:
        return (
            small[0] if small and any(marks[one] == _SHOWN and values[one] for e in web for one in e.members) else None
        )
    place = {one: number for number, one in enumerate(unknown)}
    matrix, known = np.zeros((len(web), len(unknown))), np.zeros(len(web))
    for row, each in enumerate(web):
        signs = [(one, 1) for one in each.parts] + ([] if each.total is None else [(each.total, -1)])
        known[row] = each.known if each.total is None else 0
        for one, sign in signs:
            if one in place:
                matrix[row, place[one]] = sign
            else:
                known[row] -= sign * values[one]
    told = marks[unknown] == _SMALL
    # Who sees the marks knows that what is hidden is not small, unless nothing in the web is said to be small.
    lowest = np.where(told, 1, limit if told.any() else 1)
    bounds = Bounds(lowest, np.where(told, limit - 1, np.inf))
    equations = LinearConstraint(matrix, known, known)
    undecided = dict.fromkeys(small)
    for one in small:
        for direction in (1, -1):
            if one not in undecided:
                break
            wanted = np.zeros(len(unknown))
            wanted[place[one]] = direction
            found = milp(wanted, constraints=equations, bounds=bounds, integrality=np.ones(len(unknown)))
            if found.x is None:  # without an upper end: it can be anything
                undecided.pop(one, None)
                break
            other = np.round(found.x).astype(np.int64)
            for count in [count for count in undecided if other[place[count]] != values[count]]:
                del undecided[count]
    return next(iter(undecided), None)


def _hide_another(
    values: "NDArray[np.int64]", marks: "NDArray[np.int8]", web: Sequence[_Sum], told: int, limit: int
) -> bool:
    """Hide one more count, the smallest beside one that can be worked out; return whether there was something to do."""
    near = [each for each in web if told in each.members]
    for sums in (near, web):
        for members in ([each.parts for each in sums], [each.members for each in sums]):
            shown = [one for group in members for one in group if marks[one] == _SHOWN and values[one] >= limit]
            if shown:
                marks[min(shown, key=lambda one: (values[one], one))] = _NOTHING
                return True
    every = [one for each in web for one in each.members if marks[one] == _SMALL]
    for one in every:  # nothing is left to hide: then which of them are small is not said either
        marks[one] = _NOTHING
    return bool(every)


def _without(
    table: "pd.DataFrame", index: "pd.Index", counts: Sequence[str], marks: "NDArray[np.int8]", limit: int
) -> "pd.DataFrame":
    """Return a table with marks in place of counts, and without the numbers that rest on these."""
    import pandas as pd

    result = table.copy()
    for place, name in enumerate(counts):
        if (marks[:, place] != _SHOWN).any():
            result[name] = result[name].astype(object)
            result.loc[index[marks[:, place] == _SMALL], name] = f"<{limit}"
            result.loc[index[marks[:, place] == _NOTHING], name] = HIDDEN
    small, any_ = index[(marks == _SMALL).any(axis=1)], index[(marks != _SHOWN).any(axis=1)]
    numbers = [name for name in table if pd.api.types.is_float_dtype(table[name]) and name not in counts]
    result.loc[small, numbers] = float("nan")
    shares = [name for name in numbers if name.removesuffix("_low").removesuffix("_high") in _SHARES]
    result.loc[any_, shares] = float("nan")
    if "reason" in result:
        result.loc[small, "reason"] = result.loc[small, "reason"].where(result.loc[small, "reason"].notna(), TOO_FEW)
    return result
