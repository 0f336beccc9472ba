"""Sentences about films to read, for the report and the terminal."""

from collections.abc import Iterator

import pandas as pd

from crossray.study.film_plan import ALL, AUC, NET_BENEFIT, OBSERVED_EXPECTED, SENSITIVITY, SLOPE, SPECIFICITY

MEASURES = {
    AUC: "AUC",
    SENSITIVITY: "sensitivity",
    SPECIFICITY: "specificity",
    OBSERVED_EXPECTED: "observed over expected",
    SLOPE: "calibration slope",
    NET_BENEFIT: "net benefit",
}


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
