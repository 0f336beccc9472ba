"""Figure: ROC curves, one panel per target, one curve per source."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, nothing, source_scale
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import MEAN_OF_TASKS


def draw(roc: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the mean curve of every pair of a source and a target; internal tests are solid.

    Args:
        roc: ``roc.csv``.
        settings: models, sources, targets, datasets, members.
    """
    rows = roc[(roc["model"] == settings.models[0]) & (roc["task"] == MEAN_OF_TASKS) & roc["sensitivity"].notna()]
    if rows.empty:
        return nothing("No ROC curve can be drawn", "No cell of the study has a number.")
    home = [row.target in settings.members[row.source] for row in rows.itertuples()]
    rows = rows.assign(place=["internal" if here else "external" for here in home])
    panels = [_panel(rows[rows["target"] == target], target, settings) for target in settings.targets
              if (rows["target"] == target).any()]  # fmt: skip
    at_ten = rows[(rows["false_positive_rate"] - 0.1).abs() < 1e-6].groupby("place")["sensitivity"].mean()
    title = " and ".join(f"{at_ten[place]:.2f} {words}" for place, words in
                         (("internal", "internally"), ("external", "externally")) if place in at_ten)  # fmt: skip
    caption = (
        "Sensitivity against false positive rate, mean over the tasks of a pair at equal false positive rates; solid: "
        "internal. The curve of every task is in roc.csv. For intervals, see the AUCs of the matrix."
    )
    reading = (
        "The further up and to the left, the better; the diagonal is chance. Crossing curves can have similar AUCs but "
        "suit different uses: compare them at the false positive rate that you can accept."
    )
    chart = alt.concat(*panels, columns=4, spacing=24)
    return Figure(chart, f"At a false positive rate of 10%, mean sensitivity is {title}", caption, reading)


def _panel(rows: pd.DataFrame, target: str, settings: DrawFigure) -> alt.LayerChart:
    unit = alt.Scale(domain=[0, 1])
    x = alt.X("false_positive_rate:Q", title="false positive rate", scale=unit, axis=alt.Axis(tickCount=3))
    y = alt.Y("sensitivity:Q", title="sensitivity", scale=unit, axis=alt.Axis(tickCount=3))
    colour = alt.Color("source:N", title="trained on", scale=source_scale(settings.sources, settings.datasets),
                       legend=alt.Legend(orient="bottom", columns=6))  # fmt: skip
    dash = alt.StrokeDash(
        "place:N", title=None, scale=alt.Scale(domain=["internal", "external"], range=[[1, 0], [5, 3]])
    )
    chance = pd.DataFrame({"false_positive_rate": [0, 1], "sensitivity": [0, 1]})
    curves = rows[["source", "place", "false_positive_rate", "sensitivity"]].round(3)
    return alt.layer(
        alt.Chart(chance).mark_line(color="#9ca3af", strokeDash=[2, 3], strokeWidth=1).encode(x=x, y=y),
        alt.Chart(curves).mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour, strokeDash=dash),
    ).properties(width=180, height=180, title=f"tested on {target}")
