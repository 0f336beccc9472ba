"""Sentences on what local images are worth, for the report."""

from collections.abc import Iterator

import pandas as pd

from crossray.figures.style import names_of
from crossray.study.ways import AS_IT_IS, BALANCED, BATCH_NORM, FINE_TUNING, HEAD, RECALIBRATION, SCRATCH, THRESHOLD
from crossray.tables import MEAN_OF_TASKS

AUC, LOG_LOSS = "AUC", "log-loss"
#: metric -> its axis
GOALS = {LOG_LOSS: "log-loss, nats", AUC: "AUC", BALANCED: "balanced accuracy"}
#: metric -> what it is good for
_FOR = {LOG_LOSS: "probabilities", AUC: "ranking", BALANCED: "calls at a threshold"}
#: way -> metrics by which it can differ from the model as it is
WAYS = {
    THRESHOLD: (BALANCED,),
    RECALIBRATION: (LOG_LOSS, BALANCED),
    BATCH_NORM: tuple(GOALS),
    HEAD: tuple(GOALS),
    FINE_TUNING: tuple(GOALS),
    SCRATCH: tuple(GOALS),
}
_WORDS = {
    AS_IT_IS: "leave the model as it is", THRESHOLD: "choose a new threshold", RECALIBRATION: "recalibrate",
    BATCH_NORM: "take the local batch-norm statistics", HEAD: "fit a new head", FINE_TUNING: "fine-tune",
    SCRATCH: "train from scratch",
}  # fmt: skip
#: a recommendation is good if it is within so much of the best way, as its score has it too (docs/adaptation.md)
NEAR = 0.01


def lead_sentences(table: pd.DataFrame, advice: pd.DataFrame) -> Iterator[str]:
    """Say first what local images are worth, then what is recommended for each pair, and how good that was.

    Args:
        table: ``adaptation.csv``.
        advice: ``adaptation_advice.csv``.
    """
    yield title(table, advice) + "."
    for _, pair in advice.groupby(["model", "source", "target"], sort=False):
        where = f"{names_of(pair).iloc[0]} at {pair['target'].iloc[0]}"
        for metric, words in _FOR.items():
            rows = pair[pair["metric"] == metric]
            parts = [f"{task}: {_steps(of_task)}" for task, of_task in rows.groupby("task", sort=False)]
            yield f"{where}, for {words}: {'; '.join(parts)}."
    near = int((advice["behind"] <= NEAR).sum())
    if len(advice):
        yield (
            f"On the test images, what is recommended is within {NEAR} of the best way in {near:,} of {len(advice):,} "
            "cells (pair, task, goal and number of images); the best way is known afterwards only, and is partly luck."
        )
    empty = table[table["reason"].notna() & (table["way"] == AS_IT_IS)].drop_duplicates(["source", "target", "task"])
    for row in empty.itertuples():
        yield f"{row.source} at {row.target}, {row.task}: nothing can be said (reason {row.reason})."


def _steps(rows: pd.DataFrame) -> str:
    """Say what is recommended from which number of images on, and why."""
    parts: list[str] = []
    last = None
    for row in rows.itertuples():
        if (row.advised, row.why) != last:
            parts.append(f"from {row.local_images:,} images {_WORDS[row.advised]} ({row.why})")
        last = (row.advised, row.why)
    return ", ".join(parts)


def title(table: pd.DataFrame, advice: pd.DataFrame) -> str:
    """Answer in a sentence: what is surely gained by how few images, for each goal."""
    shown = table[table["task"] == MEAN_OF_TASKS]
    shown = shown if len(shown) else table
    sure = shown[(shown["gain_low"] > 0) & shown["metric"].isin(list(GOALS))]
    if advice.empty:
        return "What local images are worth cannot be said: no pair and task has a number"
    if sure.empty:
        return "No way of using local images is surely better than the model as it is"
    parts = []
    for metric, words in _FOR.items():
        rows = sure[(sure["metric"] == metric) & sure["way"].isin([way for way in WAYS if metric in WAYS[way]])]
        if rows.empty:
            parts.append(f"{words} at no number of them")
            continue
        fewest = rows[rows["local_images"] == rows["local_images"].min()]
        row = fewest.loc[fewest["gain"].idxmax()]
        sign = "-" if metric == LOG_LOSS else "+"
        parts.append(f"{words} from {row['local_images']:,} on ({row['way']}, {metric} {sign}{row['gain']:.2f})")
    return "Surely better with local images: " + "; ".join(parts)
