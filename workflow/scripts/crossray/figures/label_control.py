"""Figure: what another labelling of the same images costs a model; no image differs."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, dataset_scale, dataset_shapes, nothing, signed
from crossray.study.stages.draw_figure import DrawFigure


def draw(label_control: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw drops between two labellings.

    Args:
        label_control: ``label_control.csv``.
        settings: models, datasets.
    """
    rows = label_control[label_control["model"].isin(settings.models[:1])]
    if rows.empty:
        why = "No two sources of this study have test images in common that both label often enough."
        return nothing("No model can be tested by two labellings", why)
    rows = rows.assign(name=rows["task"] + ": " + rows["source"] + " by labels of " + rows["other"])
    y = alt.Y("name:N", title=None, sort=list(rows["name"]))
    x = alt.X("drop:Q", title="AUC by the source's labels minus AUC by the other labels (right: larger drop)")
    colour = alt.Color("source:N", legend=None, scale=dataset_scale(settings.datasets))
    shape = alt.Shape("source:N", legend=None, scale=dataset_shapes(settings.datasets))
    base = alt.Chart(rows)
    chart = alt.layer(
        alt.Chart(pd.DataFrame({"drop": [0.0]})).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x=x),
        base.mark_rule(strokeWidth=2).encode(x="drop_low:Q", x2="drop_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=400, height=alt.Step(24))
    mean = rows["drop"].mean()
    caption = (
        "The same model on the same test images, evaluated with the labelling it was trained on and with another one, "
        "with the 95% interval of the paired difference (patients as clusters). The table also has the model of the "
        "other labelling on these images."
    )
    reading = "Images are the same, so a drop here is due to the labels alone; compare it with those between hospitals."
    above = int((rows["drop_low"] > 0).sum())
    title = (
        f"Another labelling of the same images changes the AUC by {signed(-mean)} on average; in {above} of "
        f"{len(rows)} the interval shows a drop"
    )
    return Figure(chart, title, caption, reading)
