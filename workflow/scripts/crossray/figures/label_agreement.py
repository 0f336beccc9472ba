"""Figure: agreement of two labellings of the same images."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

_MEASURES = ["F1", "kappa"]


def draw(label_agreement: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw F1 and kappa of every pair of labellings.

    Args:
        label_agreement: ``label_agreement.csv``.
        settings: nothing is used.
    """
    if label_agreement.empty:
        why = "The audit found no radiograph that two data sets of this study both contain and label for the same task."
        return nothing("No image was labelled twice", why)
    names = label_agreement["task"] + ": " + label_agreement["first"] + ", " + label_agreement["second"]
    counts = [f"{row.both:,} / {row.first_only:,} / {row.second_only:,} / {row.neither:,}"
              for row in label_agreement.itertuples()]  # fmt: skip
    rows = label_agreement.assign(name=names + "|" + pd.Series(counts, names.index))
    parts = [
        rows[["name", f"{column}", f"{column}_low", f"{column}_high"]]
        .set_axis(["name", "value", "low", "high"], axis=1)
        .assign(measure=measure)
        for measure, column in zip(_MEASURES, ("f1", "kappa"), strict=True)
    ]
    points = pd.concat(parts)
    points = points[points["value"].notna()]
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelExpr="split(datum.value, '|')"))
    offset = alt.YOffset("measure:N", scale=alt.Scale(domain=_MEASURES))
    colour = alt.Color("measure:N", title=None, scale=alt.Scale(domain=_MEASURES, range=["#332288", "#bd1f01"]))
    shape = alt.Shape("measure:N", title=None, scale=alt.Scale(domain=_MEASURES, range=["circle", "square"]))
    x = alt.X("value:Q", title="agreement (1: the same labels)", scale=alt.Scale(domainMax=1, zero=True))
    base = alt.Chart(points)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", y=y, yOffset=offset, color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, yOffset=offset, color=colour, shape=shape),
    ).properties(width=400, height=alt.Step(20))
    low, high = rows["kappa"].min(), rows["kappa"].max()
    caption = (
        "Images that are in both data sets, matched by content; F1 and Cohen's kappa of their labels with "
        "their 95% intervals, patients as clusters, all splits. The numbers count images "
        "that are positive by both, by the first only, by the second only, and by neither."
    )
    reading = "A model that reproduces one labelling agrees with the other only as well as the labellings agree."
    title = f"Two labellings of the same images agree with a kappa of {low:.2f} to {high:.2f}"
    return Figure(chart, title, caption, reading)
