"""Figure: the AUC matrix of every task, on one scale."""

from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.counts import reasons_text
from crossray.figures.matrix import layers
from crossray.figures.style import Figure
from crossray.reasons import REASONS
from crossray.study.stages.draw_figure import DrawFigure

_COLUMNS = 3
#: with more targets than this, cells are small and show only the positives
_LARGE = 5


def draw(performance: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw one small matrix per task and model.

    Args:
        performance: the reported rows of ``performance.csv``.
        settings: models, members, targets, tasks, minimum.
    """
    performance = performance[performance["model"].isin(settings.models)]
    large = len(settings.targets) > _LARGE
    counts = [_counts(row, short=large) if row.auc == row.auc else "" for row in performance.itertuples()]
    cells = performance.assign(counts=counts)
    panels = []
    for model in settings.models:
        for task in settings.tasks:
            chosen = cells[(cells["model"] == model) & (cells["task"] == task)]
            name = task if len(settings.models) == 1 else f"{task}, {model}"
            panels.append(
                layers(chosen, settings.members, settings.targets, 38 if large else 64, "counts").properties(title=name)
            )
    chart = alt.concat(*panels, columns=_COLUMNS, spacing=24)
    measured = int(performance["auc"].notna().sum())
    caption = (
        f"AUC of each task; below it positives{'' if large else ' of labelled test images'}. "
        f"{_codes(performance)}The minimum is {settings.minimum} patients with the finding and without it. "
        f"{measured} of {len(performance)} cells can be measured. Intervals are in the table."
        + reasons_text(performance["caveat"])
    )
    reading = (
        "All panels have the same order and scale. A task generalises if its row is as dark in the other cells as in "
        "the outlined one."
    )
    return Figure(chart, f"AUC by task: {measured} of {len(performance)} cells can be measured", caption, reading)


def _counts(row: Any, short: bool) -> str:
    """Write positives (and labelled images if there is room), thousands as k."""
    if not short:
        return f"{row.positives} of {row.images}"
    return f"{row.positives / 1000:.1f}k" if row.positives >= 1000 else str(row.positives)


def _codes(performance: pd.DataFrame) -> str:
    """Say what the letters in the empty cells mean."""
    found = set(performance["reason"].dropna())
    told = "; ".join(f"{code}: {words}" for code, words in REASONS.items() if code in found)
    return f"{told}. " if told else ""
