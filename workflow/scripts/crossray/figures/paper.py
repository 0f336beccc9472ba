"""Figure: our numbers against those of Cohen et al. (2020)."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, nothing, signed
from crossray.study.stages.draw_figure import DrawFigure

_QUANTITIES = ("AUC", "leave one out", "kappa", "kappa of seeds", "distance of weights", "F1 of labels")


def draw(paper: pd.DataFrame, paper_summary: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a scatter for each quantity.

    Args:
        paper: ``paper.csv``.
        paper_summary: ``paper_summary.csv``.
        settings: models.
    """
    rows = paper[paper["model"].isin([settings.models[0]]) | paper["model"].isna()]
    panels = [_panel(rows[rows["quantity"] == name], name) for name in _QUANTITIES if (rows["quantity"] == name).any()]
    if not panels:
        return nothing("Nothing of the paper can be compared", "This study computes none of the paper's numbers.")
    aucs = paper_summary[paper_summary["quantity"] == "AUC"]
    title = "Our numbers beside those of Cohen et al. (2020)"
    if len(aucs):
        row = aucs.iloc[0]
        title = (
            f"{int(row['inside'])} of {int(row['compared'])} AUCs of the paper lie in our interval; ours differ by "
            f"{signed(row['mean_difference'], 3)} on average"
        )
    caption = (
        "Every point is a number of the paper for which this study has the data sets and the task; vertical lines are "
        "our 95% intervals. AUCs of the paper were read off its figure 1 within 0.0012; its kappas are truncated to "
        "whole per cents, and are compared at thresholds chosen on the target's test images, as in the paper. "
        "Architecture, splits, label rules and views can differ by configuration, so a difference does not show that "
        "either is wrong."
    )
    reading = "On the diagonal both agree. Points above it are numbers that are higher here."
    return Figure(alt.concat(*panels, columns=3, spacing=24), title, caption, reading)


def _panel(rows: pd.DataFrame, quantity: str) -> alt.LayerChart:
    values = rows[["paper", "ours", "low", "high"]].to_numpy()
    low, high = float(pd.Series(values.ravel()).min()), float(pd.Series(values.ravel()).max())
    scale = alt.Scale(domain=[low, high], nice=True, zero=False)
    x, y = alt.X("paper:Q", title="the paper", scale=scale), alt.Y("ours:Q", title="ours", scale=scale)
    base = alt.Chart(rows[["paper", "ours", "low", "high"]])
    line = pd.DataFrame({"paper": [low, high], "ours": [low, high]})
    return alt.layer(
        alt.Chart(line).mark_line(color="#9ca3af", strokeDash=[4, 3], strokeWidth=1).encode(x=x, y=y),
        base.mark_rule(color="#578dff", opacity=0.4).encode(x=x, y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=22, color="#332288", opacity=0.9).encode(x=x, y=y),
    ).properties(width=210, height=210, title=f"{quantity} ({len(rows)} numbers)")
