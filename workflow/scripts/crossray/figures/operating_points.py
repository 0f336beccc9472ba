"""Figure: what becomes of sensitivity and specificity when a threshold goes elsewhere with its model."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import MEAN_OF_TASKS


def draw(operating_points: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw home and elsewhere for each pair of a source and a target.

    Args:
        operating_points: ``operating_points.csv``.
        settings: models, sources, members, targets, resamples.
    """
    rows = operating_points[
        (operating_points["model"] == settings.models[0])
        & (operating_points["rule"] == "youden")
        & (operating_points["task"] == MEAN_OF_TASKS)
        & (operating_points["chosen_on"] == "source's validation split")
        & operating_points["sensitivity"].notna()
    ]
    if rows.empty:
        return nothing("No operating point can be carried", "No cell has a threshold and a number.")
    rows = rows.assign(
        name=rows["source"] + " to " + rows["target"],
        place=["home" if row.target in settings.members[row.source] else "elsewhere" for row in rows.itertuples()],
    )
    order = {name: place for place, name in enumerate([f"{s} to {t}" for s in settings.sources
                                                       for t in settings.targets])}  # fmt: skip
    names = sorted(rows["name"].unique(), key=order.__getitem__)
    panels = [_panel(rows, name, names) for name in ("sensitivity", "specificity")]
    home, away = (rows[rows["place"] == place] for place in ("home", "elsewhere"))
    title = "Operating points at home"
    if len(home) and len(away):
        title = (
            f"At home's threshold, sensitivity goes from {home['sensitivity'].mean():.2f} to between "
            f"{away['sensitivity'].min():.2f} and {away['sensitivity'].max():.2f} elsewhere, specificity from "
            f"{home['specificity'].mean():.2f} to between {away['specificity'].min():.2f} and "
            f"{away['specificity'].max():.2f}"
        )
    caption = (
        "Mean over tasks at the threshold that maximises Youden's index on the source's validation split, with the 95 "
        f"% interval from {settings.resamples:,} resamples of the target's patients. Single tasks, other rules "
        "(fewest errors, precision of 0.8), and thresholds chosen on the target itself as in the paper are in the "
        "table."
    )
    reading = (
        "A model can rank patients as well as at home and still call everybody ill or nobody: then the points of one "
        "source part, one panel to the left and the other to the right."
    )
    return Figure(alt.hconcat(*panels, spacing=24), title, caption, reading)


def _panel(rows: pd.DataFrame, share: str, names: list[str]) -> alt.LayerChart:
    first = share == "sensitivity"
    y = alt.Y("name:N", title=None, sort=names, axis=alt.Axis() if first else alt.Axis(labels=False, ticks=False))
    x = alt.X(f"{share}:Q", title=f"{share} (higher is better)", scale=alt.Scale(domain=[0, 1]))
    places = ["home", "elsewhere"]
    colour = alt.Color("place:N", title=None, scale=alt.Scale(domain=places, range=[HOME, AWAY]))
    shape = alt.Shape("place:N", title=None, scale=alt.Scale(domain=places, range=["square", "circle"]))
    base = alt.Chart(rows[["name", "place", share, f"{share}_low", f"{share}_high"]])
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=f"{share}_low:Q", x2=f"{share}_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=300, height=alt.Step(20))
