"""Figure: sensitivity and specificity when a model's operating point is applied to other targets."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import MEAN_OF_TASKS


def draw(operating_points: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the operating point of each pair of a source and a target.

    Args:
        operating_points: ``operating_points.csv``.
        settings: models, sources, members, targets.
    """
    rows = operating_points[
        (operating_points["model"] == settings.models[0])
        & (operating_points["rule"] == "youden")
        & (operating_points["task"] == MEAN_OF_TASKS)
        & (operating_points["chosen_on"] == "source's validation split")
        & operating_points["sensitivity"].notna()
    ]
    if rows.empty:
        return nothing("No operating point can be measured", "No cell has a threshold and a number.")
    rows = rows.assign(
        name=rows["source"] + " to " + rows["target"],
        place=["internal" if row.target in settings.members[row.source] else "external" for row in rows.itertuples()],
    )
    order = {name: place for place, name in enumerate([f"{s} to {t}" for s in settings.sources
                                                       for t in settings.targets])}  # fmt: skip
    names = sorted(rows["name"].unique(), key=order.__getitem__)
    panels = [_panel(rows, name, names) for name in ("sensitivity", "specificity")]
    home, away = (rows[rows["place"] == place] for place in ("internal", "external"))
    title = "Operating points on internal tests"
    if len(home) and len(away):
        title = (
            f"At the source's threshold, sensitivity is {home['sensitivity'].mean():.2f} internally and "
            f"{away['sensitivity'].min():.2f} to {away['sensitivity'].max():.2f} externally, specificity "
            f"{home['specificity'].mean():.2f} and {away['specificity'].min():.2f} to "
            f"{away['specificity'].max():.2f}"
        )
    caption = (
        "Mean over tasks at the threshold that maximises Youden's index on the source's validation split, with the "
        "95% interval over the target's patients. Single tasks, other rules "
        "(fewest errors, precision of 0.8), and thresholds chosen on the target itself as in the paper are in the "
        "table."
    )
    reading = (
        "A model can rank patients as well as internally and still call everyone positive, or no one: its points then "
        "move to the left in one panel and to the right in the other."
    )
    return Figure(alt.hconcat(*panels, spacing=24), title, caption, reading)


def _panel(rows: pd.DataFrame, share: str, names: list[str]) -> alt.LayerChart:
    first = share == "sensitivity"
    y = alt.Y("name:N", title=None, sort=names, axis=alt.Axis() if first else alt.Axis(labels=False, ticks=False))
    x = alt.X(f"{share}:Q", title=f"{share} (higher is better)", scale=alt.Scale(domain=[0, 1]))
    places = ["internal", "external"]
    colour = alt.Color("place:N", title=None, scale=alt.Scale(domain=places, range=[HOME, AWAY]))
    shape = alt.Shape("place:N", title=None, scale=alt.Scale(domain=places, range=["square", "circle"]))
    base = alt.Chart(rows[["name", "place", share, f"{share}_low", f"{share}_high"]])
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=f"{share}_low:Q", x2=f"{share}_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=300, height=alt.Step(20))
