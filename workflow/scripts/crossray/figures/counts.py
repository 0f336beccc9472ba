"""Counts of images, patients and positives of the cells of a matrix."""

from collections.abc import Iterable

import pandas as pd

from crossray.reasons import CAVEATS


def behind_means(performance: pd.DataFrame) -> pd.DataFrame:
    """Return what stands behind the mean over tasks of each cell that has one.

    Args:
        performance: the reported rows of ``performance.csv``.

    Returns:
        Under model, source and target: ``images`` and ``patients`` of the task that most are labelled for, and
        ``positives`` of the task with the fewest (``least``) and the most (``most``); missing where one of the counts
        is not shown.
    """
    measured = performance[performance["auc"].notna()]
    tasks = measured.groupby(["model", "source", "target"], sort=False)
    shown = tasks[["images", "patients", "positives"]].agg(lambda counts: counts.notna().all())
    found = pd.DataFrame(
        {
            "images": tasks["images"].max().where(shown["images"]),
            "patients": tasks["patients"].max().where(shown["patients"]),
            "least": tasks["positives"].min().where(shown["positives"]),
            "most": tasks["positives"].max().where(shown["positives"]),
        }
    )
    return found.astype("Int64")


def span(least: int, most: int) -> str:
    """Write two counts, the same ones once."""
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def caveats_of(performance: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Return the code of what is to be said beside the numbers of a model, its source and a target, where there is one.

    Args:
        performance: rows of ``performance.csv``.
    """
    rows = performance[performance["caveat"].notna()]
    return {(row.model, row.source, row.target): str(row.caveat) for row in rows.itertuples()}


def reasons_text(caveats: Iterable[str | None]) -> str:
    """Say what the codes beside numbers mean; nothing without any. Begins with a blank."""
    found = set(caveats)
    return "".join(f" {code} beside a number: {words}." for code, words in CAVEATS.items() if code in found)
