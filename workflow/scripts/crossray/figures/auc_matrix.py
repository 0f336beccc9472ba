"""Figure: the matrix of mean AUC, sources x targets, one panel a model."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.matrix import layers
from crossray.figures.style import Figure, with_interval


def draw(transfer: pd.DataFrame, summary: pd.DataFrame, settings: Mapping[str, Any]) -> Figure:
    """Draw the matrix of means.

    Args:
        transfer: ``transfer.csv``.
        summary: ``summary.csv``.
        settings: models, members, targets, resamples.
    """
    transfer, summary = (table[table["model"].isin(settings["models"])] for table in (transfer, summary))
    second = [f"{row.auc_low:.2f} to {row.auc_high:.2f}" if row.auc == row.auc else "" for row in transfer.itertuples()]
    cells = transfer.assign(interval=second)
    panels = [
        layers(cells[cells["model"] == model], settings["members"], settings["targets"], 92, "interval").properties(
            title=model
        )
        for model in settings["models"]
    ]
    chart = alt.vconcat(*panels) if len(panels) > 1 else panels[0]
    caption = (
        "Mean AUC over the tasks that the source labels and that can be measured at the target; below it the 95 % "
        f"interval from {settings['resamples']:,} bootstrap resamples of the target's patients. "
        f"{int(transfer['auc'].notna().sum())} of {len(transfer)} cells can be measured."
    )
    reading = (
        "A row is a model, a column a data set whose test split it has never seen. Outlined: it was trained there. "
        "Light is near chance (0.5), dark is good; orange with a triangle is worse than chance; a letter is a reason "
        "why there is no number."
    )
    return Figure(chart, title(summary), caption, reading)


def title(summary: pd.DataFrame) -> str:
    """Say the result in one sentence: home, away, for the model that is listed first."""
    overall = summary[summary["source"] == "all sources"]
    if overall.empty or not overall.iloc[0]["pairs"]:
        return "No pair of different hospitals shares a task that can be measured"
    row = overall.iloc[0]
    home = with_interval(row["home_auc"], row["home_auc_low"], row["home_auc_high"])
    away = with_interval(row["away_auc"], row["away_auc_low"], row["away_auc_high"])
    return f"Mean AUC at home {home}, elsewhere {away}"
