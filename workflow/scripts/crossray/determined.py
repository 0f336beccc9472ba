"""What tables say of sites that send counts alone: what histograms determine, and nothing else.

Every analysis writes its tables through :func:`crossray.small_cells.write`, which asks here. A contract names the
columns that counts determine (``FROM_COUNTS``) and those that they give within bounds (``WITHIN_BOUNDS``, which
``bounds.csv`` shows); all other numbers of such a site are empty. Rows of tables that name none have reason S where the
table has reasons, and are left out where it has none.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crossray.reasons import STAYS_AT_SITE
from crossray.tables.contract import Row, columns

if TYPE_CHECKING:
    import pandas as pd

#: a number -> the column that says why it is missing, where others of its row are there
_BESIDE = {"calibration_error": "calibration_reason"}
#: columns that name a data set whose rows these are
_NAMES = ("target", "dataset", "source", "other", "first", "second")


def determined(table: "pd.DataFrame", contract: type[Row], counted: Iterable[str]) -> "pd.DataFrame":
    """Return a table without what the counts of sites do not determine.

    Args:
        table: one row an observation.
        contract: of the table.
        counted: data sets of which there are counts alone.
    """
    named = [name for name in _NAMES if name in table]
    rows = table[named].isin(set(counted)).any(axis=1)
    if not rows.any():
        return table
    kept = (*contract.FROM_COUNTS, *contract.WITHIN_BOUNDS)
    if not kept and "reason" not in table:
        return table[~rows]
    result = table.copy()
    for name, column in columns(contract).items():
        if name in (*contract.KEY, *kept, "reason", *_BESIDE.values()) or not column.nullable:
            continue
        filled = rows & result[name].notna()
        result[name] = result[name].mask(rows)
        if _BESIDE.get(name) in table:
            result[_BESIDE[name]] = result[_BESIDE[name]].mask(filled, STAYS_AT_SITE)
    if not kept:
        result["reason"] = result["reason"].mask(rows & result["reason"].isna(), STAYS_AT_SITE)
    return result
