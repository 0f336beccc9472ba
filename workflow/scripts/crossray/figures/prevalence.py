"""Figure: prevalence of each finding in each data set."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, dataset_scale, dataset_shapes
from crossray.study.stages.draw_figure import DrawFigure


def draw(labels: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the prevalence of each task by data set, over all splits.

    Args:
        labels: ``labels.csv``.
        settings: datasets, tasks.
    """
    shown = labels[(labels["split"] == "all") & labels["prevalence"].notna()]
    names = settings.datasets
    colour = alt.Color("dataset:N", title="data set", scale=dataset_scale(names))
    shape = alt.Shape("dataset:N", title="data set", scale=dataset_shapes(names))
    y = alt.Y("task:N", title=None, sort=list(settings.tasks))
    offset = alt.YOffset("dataset:N", scale=alt.Scale(domain=list(names)))
    x = alt.X(
        "prevalence:Q",
        title="share of labelled images that are positive",
        axis=alt.Axis(format="%"),
        scale=alt.Scale(zero=True),
    )
    span = alt.X("prevalence_low:Q")
    base = alt.Chart(shown)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=span, x2="prevalence_high:Q", y=y, yOffset=offset, color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, yOffset=offset, color=colour, shape=shape),
    ).properties(width=420, height=alt.Step(max(14, 48 // len(names))))
    spread = shown.groupby("task")["prevalence"].agg(["min", "max", "count"])
    shared = spread[spread["count"] > 1]
    title = "No finding is labelled in more than one data set"
    if len(shared):
        widest = (shared["max"] - shared["min"]).idxmax()
        low, high = shared.loc[widest, ["min", "max"]]
        title = f"{widest} differs most: positive in {low:.0%} to {high:.0%} of the images"
    caption = (
        "Positives among images whose label is known, all splits, with the 95% Wilson interval, patients as "
        "clusters. A data set without a mark does not label the finding."
    )
    reading = "Different prevalence by itself changes precision and calibration, but not the AUC."
    return Figure(chart, title, caption, reading)
