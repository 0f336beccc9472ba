"""Figure: control charts of months, those with an alarm first."""

import altair as alt
import pandas as pd

from crossray.figures.monitoring_text import title
from crossray.figures.style import AWAY, BELOW_CHANCE, QUIET, Figure, nothing, panels_of
from crossray.study.stages.draw_figure import DrawFigure

#: charts that there is room for
_MOST = 6
_RISES, _FALLS = "rises", "falls"


def draw(control_charts: pd.DataFrame, watched: pd.DataFrame, alarms: pd.DataFrame, settings: DrawFigure) -> Figure:  # noqa: ARG001
    """Draw a row for each stream: its monthly means, and the sums of its chart.

    Args:
        control_charts: ``control_charts.csv``.
        watched: ``watched.csv``.
        alarms: ``alarms.csv``.
        settings: none.
    """
    if control_charts.empty:
        return nothing("No month is watched", "No target has dates and enough months.")
    charts = control_charts.assign(
        panel=control_charts["stream"] + " at " + control_charts["dataset"], target=control_charts["dataset"]
    )
    furthest = charts.assign(furthest=charts[["rises", "falls"]].max(axis=1) + 1e3 * charts["is_alarm"])
    order = furthest.groupby("panel", sort=False)["furthest"].max().sort_values(ascending=False, kind="stable").index
    charts = charts.set_index("panel", drop=False).loc[order]
    panels, more = panels_of(charts.reset_index(drop=True), _MOST)
    rows = [_row(charts[charts["panel"] == panel], panel) for panel in panels]
    caption = (
        "Left: mean of each month; in grey those that charts learn from. Right: sums of rises (above) and of falls "
        "(below) from the self-starting CUSUM; dashed: limits, which follow from the false-alarm rate; the dot is the "
        f"alarm.{more}"
    )
    reading = (
        "A sum that climbs says that months keep differing from those before to the same side; where it leaves zero "
        "for the last time is the likely beginning of the change. One month far off adds as much as several a little "
        "off."
    )
    return Figure(alt.vconcat(*rows, spacing=22), title(watched, alarms), caption, reading)


def _row(rows: pd.DataFrame, panel: str) -> alt.HConcatChart:
    axis = alt.Axis(format="d", tickMinStep=1)
    x = alt.X("month:Q", title="month", axis=axis, scale=alt.Scale(nice=False, padding=8))
    means = rows[["month", "value"]].assign(watched=rows["rises"].notna()).dropna(subset=["value"])
    y = alt.Y("value:Q", title="monthly mean", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))
    colour = alt.Color("watched:N", legend=None, scale=alt.Scale(domain=[False, True], range=[QUIET, AWAY]))
    base = alt.Chart(means)
    left = alt.layer(
        base.mark_line(color=QUIET, strokeWidth=1).encode(x=x, y=y),
        base.mark_point(filled=True, size=45, opacity=1).encode(x=x, y=y, color=colour),
    ).properties(width=270, height=120)
    seen = rows[rows["rises"].notna()]
    parts = [
        pd.DataFrame({"month": seen["month"], "side": side, "sum": sign * seen[side]})
        for side, sign in ((_RISES, 1), (_FALLS, -1))
    ]
    limit = float(rows["limit"].iloc[0])
    alarm = seen[seen["is_alarm"]]
    dots = pd.DataFrame({
        "month": alarm["month"],
        "sum": alarm["rises"].where(alarm["rises"] > limit, -alarm["falls"]),
    })  # fmt: skip
    side = alt.Color("side:N", title=None, legend=alt.Legend(orient="right"),
                     scale=alt.Scale(domain=[_RISES, _FALLS], range=[AWAY, "#332288"]))  # fmt: skip
    total = alt.Y("sum:Q", title="sum", axis=alt.Axis(tickCount=5))
    right = alt.layer(
        alt.Chart(pd.DataFrame({"sum": [limit, -limit]})).mark_rule(color=QUIET, strokeDash=[4, 3]).encode(y=total),
        alt.Chart(pd.concat(parts)).mark_line(strokeWidth=2).encode(x=x, y=total, color=side),
        *([alt.Chart(dots).mark_point(filled=True, size=110, opacity=1, color=BELOW_CHANCE).encode(x=x, y=total)]
          if len(dots) else []),
    ).properties(width=270, height=120)  # fmt: skip
    panels = alt.hconcat(left, right, spacing=18).resolve_scale(color="independent")
    return panels.properties(title=alt.TitleParams(panel, anchor="start", fontSize=13))
