"""Figure: internal and external AUC by sex, age band, view and strata."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, Figure, left_out, nothing
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import MEAN_OF_TASKS


def draw(subgroups: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a strip of pairs for each group.

    Args:
        subgroups: ``subgroups.csv``.
        settings: models, members, minimum, counted.
    """
    rows = subgroups[
        (subgroups["model"] == settings.models[0]) & (subgroups["task"] == MEAN_OF_TASKS) & subgroups["auc"].notna()
    ]
    if rows.empty:
        why = f"No group of a target has {settings.minimum} patients with a finding, and without it."
        return nothing("No group is large enough to be measured", why)
    home = [row.target in settings.members[row.source] for row in rows.itertuples()]
    rows = rows.assign(place=["internal" if here else "external" for here in home],
                       name=rows["source"] + " to " + rows["target"])  # fmt: skip
    panels = [_panel(part, str(name)) for name, part in rows.groupby("attribute", sort=False)]
    below = rows[rows["difference_high"] < 0]
    worst = (below if len(below) else rows).loc[(below if len(below) else rows)["difference"].idxmin()]
    gap = (
        f"{worst['attribute']} {worst['group']} at {worst['target']}, model of {worst['source']}, "
        f"{worst['difference']:+.2f} (95% interval {worst['difference_low']:.2f} to {worst['difference_high']:.2f})"
    )
    title = f"Largest gap: {gap}" if len(below) else f"No group's gap has an interval below zero; the lowest is {gap}"
    caption = (
        f"Every point is a model on one group of a target, mean over the tasks with at least {settings.minimum} "
        "patients with the finding, and without it, in the group and outside it. "
        f"{len(below)} of {len(rows)} groups do worse than all other images of their target with an "
        "interval below zero (patients as clusters, not corrected for multiplicity). Intervals, counts and "
        "single tasks are in the table."
        + left_out(settings.counted, "whose sites send counts: groups of single tasks, in the table's file")
    )
    reading = "Performance is worse for groups further to the left; compare within one colour."
    return Figure(alt.vconcat(*panels, spacing=18), title, caption, reading)


def _panel(rows: pd.DataFrame, attribute: str) -> alt.Chart:
    places = ["internal", "external"]
    x = alt.X("auc:Q", title="mean AUC of tasks (higher is better)", scale=alt.Scale(zero=False))
    y = alt.Y("group:N", title=attribute, sort=list(dict.fromkeys(rows["group"])))
    offset = alt.YOffset("place:N", scale=alt.Scale(domain=places))
    colour = alt.Color("place:N", title=None, scale=alt.Scale(domain=places, range=[HOME, AWAY]))
    shape = alt.Shape("place:N", title=None, scale=alt.Scale(domain=places, range=["square", "circle"]))
    base = alt.Chart(rows[["group", "place", "auc", "auc_low", "auc_high", "name"]])
    return alt.layer(
        base.mark_rule(opacity=0.35).encode(x="auc_low:Q", x2="auc_high:Q", y=y, yOffset=offset, color=colour),
        base.mark_point(filled=True, size=60, opacity=0.85).encode(x=x, y=y, yOffset=offset, color=colour, shape=shape),
    ).properties(width=420, height=alt.Step(16))
