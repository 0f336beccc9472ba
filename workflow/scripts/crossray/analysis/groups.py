"""What images are grouped by: age bands, and the strata of a data set."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import manifest

_AGE_BANDS = [0, 18, 40, 60, 80, 121]
AGE_NAMES = ["0-17", "18-39", "40-59", "60-79", "80 and over"]
NOT_RECORDED = "not recorded"
#: months of a group of dates
_MONTHS = 6


def age_bands(ages: pd.Series) -> pd.Series:
    """Return the band of each age in years, missing where the age is."""
    return pd.cut(ages, _AGE_BANDS, right=False, labels=AGE_NAMES).astype("str").where(ages.notna())


def strata(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield the name of each stratum and its values in a manifest, dates by half years; missing where not recorded."""
    for name in manifest.strata_of(table):
        values = table[name]
        if name == manifest.MONTHS:
            first = (values // _MONTHS * _MONTHS).astype("Int64")
            values = (first.astype("str") + " to " + (first + _MONTHS - 1).astype("str")).where(values.notna())
        yield name.removeprefix(manifest.STRATUM), values


def in_order(level: str) -> list[tuple[bool, int, str]]:
    """Return what groups are sorted by: numbers in their names as numbers."""
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", str(level))]


def attributes(labels: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield what images are grouped by: sex, age band and view, and the strata of the data set, dates by half years.

    Of strata what is not recorded is a group too: it may be that of one ward, or of a machine that is at fault.
    """
    yield "sex", labels["sex"]
    yield "age", age_bands(labels["age"])
    yield "view", labels["view"]
    for name, values in strata(labels):
        yield name, values.fillna(NOT_RECORDED) if values.notna().any() else values


def members(values: pd.Series) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each group of an attribute, and which images belong to it; images that are not recorded are in none."""
    for level in sorted((level for level in values.dropna().unique() if level), key=in_order):
        yield str(level), (values == level).fillna(False).to_numpy(bool)
