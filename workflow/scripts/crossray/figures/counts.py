"""Counts of images, patients and positives of the cells of a matrix."""

import pandas as pd


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
