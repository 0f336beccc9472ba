"""Sentences about films to read, for the report and the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crossray.figures.style import names_of
from crossray.reasons import REASONS
from crossray.study.film_plan import (
    ALL,
    AUC,
    NET_BENEFIT,
    OBSERVED_EXPECTED,
    PRECISION,
    PREVALENCE,
    SENSITIVITY,
    SLOPE,
    SPECIFICITY,
)

MEASURES = {
    AUC: "AUC",
    SENSITIVITY: "sensitivity",
    SPECIFICITY: "specificity",
    OBSERVED_EXPECTED: "observed over expected",
    SLOPE: "calibration slope",
    NET_BENEFIT: "net benefit",
}


NUMBERS = {**MEASURES, PREVALENCE: "prevalence", PRECISION: "precision"}


def lead_sentences(tables: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    """Say what was estimated of films that were read, then which are to be read, then how many.

    Args:
        tables: those of a study; the ones about films may be missing.
    """
    if "read_films" in tables:
        yield from _estimates(tables["read_films"])
    if "reading_gains" in tables:
        yield from _lists(tables["reading_gains"])
    if "sample_sizes" in tables:
        yield from sentences(tables["sample_sizes"])


def _estimates(found: pd.DataFrame) -> Iterator[str]:
    """Say what was estimated of each model and finding."""
    for _, rows in found.groupby(["model", "source", "target", "task"], sort=False):
        first = rows.iloc[0]
        where = f"{names_of(rows).iloc[0]} at {first['target']}, {first['task']}"
        known = rows[rows["estimate"].notna()]
        if known.empty:
            reason = REASONS.get(str(first["reason"]), "")
            yield f"{where}: nothing is estimated, {reason} ({first['reason']})."
            continue
        numbers = [f"{NUMBERS[row.measure]} {_with_ends(row)}" for row in known.itertuples()]
        yield f"{where}: {', '.join(numbers)}, from {_count(first['images'])} of {_count(first['listed'])} films read."


def _with_ends(row: Any) -> str:
    return f"{row.estimate:.2f} ({row.estimate_low:.2f} to {row.estimate_high:.2f})"


def _count(value: float) -> str:
    """Write a count, or that it is not shown."""
    return "some" if pd.isna(value) else f"{int(value):,}"


def _lists(gains: pd.DataFrame) -> Iterator[str]:
    """Say how many films each list has, and what it is expected to save."""
    for target, rows in gains.groupby("target", sort=False):
        first = rows.iloc[0]
        least, most = rows["gain"].min(), rows["gain"].max()
        yield (
            f"{target}: read the {first['listed']:,} films of to_read/{target}.csv, of {first['candidates']:,}, in "
            f"their order; each number is expected to be worth {least:.1f} to {most:.1f} times as many taken as they "
            "come."
        )


def sentences(sizes: pd.DataFrame) -> Iterator[str]:
    """Say how many films have to be read, first for all widths of a finding, then for each.

    Args:
        sizes: ``sample_sizes.csv``.
    """
    for task, rows in sizes.groupby("task", sort=False):
        for row in rows.sort_values("measure", key=lambda names: names != ALL, kind="stable").itertuples():
            needed = f"{row.images:,} films, {row.positives:,} with the finding and {row.negatives:,} without"
            if row.measure == ALL:
                of = f" They are of {row.patients:,} patients." if row.patients != row.images else ""
                yield f"{task}: read {needed}, taken as they come, for all wanted widths.{of}"
                continue
            digits = 3 if row.wanted_width < 0.05 else 2
            ends = f"{row.expected:.{digits}f} ({row.expected_low:.{digits}f} to {row.expected_high:.{digits}f})"
            yield f"{task}, {MEASURES[row.measure]} {ends}, {row.wanted_width:g} wide: {needed}."
