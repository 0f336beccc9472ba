"""Figure: the matrix of AUC for every task, on one scale."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.matrix import layers
from crossray.figures.style import Figure

_COLUMNS = 3


def draw(performance: pd.DataFrame, settings: Mapping[str, Any]) -> Figure:
    """Draw one small matrix a task and model.

    Args:
        performance: the reported rows of ``performance.csv``.
        settings: models, sources, targets, tasks, minimum.
    """
    counts = [f"{row.positives} of {row.images}" if row.auc == row.auc else "" for row in performance.itertuples()]
    cells = performance.assign(counts=counts)
    panels = []
    for model in settings["models"]:
        for task in settings["tasks"]:
            chosen = cells[(cells["model"] == model) & (cells["task"] == task)]
            name = task if len(settings["models"]) == 1 else f"{task}, {model}"
            panels.append(layers(chosen, settings["sources"], settings["targets"], 64, "counts").properties(title=name))
    chart = alt.concat(*panels, columns=_COLUMNS, spacing=24)
    measured = int(performance["auc"].notna().sum())
    caption = (
        "AUC of each task; below it positives of labelled test images. L: not labelled at the target; M: the model "
        f"was not trained for it; F: fewer than {settings['minimum']} positives or negatives. "
        f"{measured} of {len(performance)} cells can be measured. Intervals are in the table."
    )
    reading = (
        "Same order, same scale in every panel. A task travels if its row is as dark elsewhere as in the outlined cell."
    )
    return Figure(chart, f"AUC task by task: {measured} of {len(performance)} cells can be measured", caption, reading)
