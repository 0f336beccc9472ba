"""Figure: outputs of images with a finding beside those of images without it."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, Figure, names_of, nothing, panels_of
from crossray.study.stages.draw_figure import DrawFigure

_WITH, _WITHOUT = "with the finding", "without it"
_COLOURS = {_WITHOUT: "#6b7280", _WITH: AWAY}
#: panels that are drawn, at most
_MOST = 12


def draw(score_distribution: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a panel for each model, task and target.

    Args:
        score_distribution: ``score_distribution.csv``.
        settings: models.
    """
    rows = score_distribution[score_distribution["model"].isin(settings.models) & score_distribution["share"].notna()]
    if rows.empty:
        return nothing("No distribution of outputs can be drawn", "No cell of the study has a number.")
    rows = rows.assign(panel=names_of(rows) + ": " + rows["task"] + " at " + rows["target"])
    apart = {str(panel): _overlap(part) for panel, part in rows.groupby("panel", sort=False)}
    panels, more = panels_of(rows, _MOST)
    charts = [_panel(rows[rows["panel"] == panel], panel) for panel in panels]
    least, most = min(apart, key=apart.__getitem__), max(apart, key=apart.__getitem__)
    title = f"Outputs with and without the finding overlap by {apart[least]:.0%}"
    if len(apart) > 1:
        title += f" ({least}) to {apart[most]:.0%} ({most})"
    caption = (
        "Share of the test images with a finding, and of those without it, by the model's output: a probability, or a "
        f"score that only ranks. Overlap: what the two have in common, by the bins drawn.{more}"
    )
    reading = (
        "The further apart, the better. Where most images with a finding lie at low outputs, no threshold finds them "
        "without many false alarms; heaps at single values are rounding."
    )
    return Figure(alt.concat(*charts, columns=3, spacing=24), title, caption, reading)


def _overlap(rows: pd.DataFrame) -> float:
    shares = rows.pivot_table(index="bin", columns="group", values="share", fill_value=0.0)
    return float(shares.reindex(columns=list(_COLOURS), fill_value=0.0).min(axis=1).sum())


def _panel(rows: pd.DataFrame, title: str) -> alt.Chart:
    is_probability = bool((rows["scale"] == "probability").all())
    x = alt.X("low:Q", title="probability" if is_probability else "score", axis=alt.Axis(tickCount=5),
              scale=alt.Scale(nice=False, domain=[float(rows["low"].min()), float(rows["high"].max())]))  # fmt: skip
    y = alt.Y("share:Q", title="share of images", axis=alt.Axis(format="%", tickCount=4))
    scale = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    colour = alt.Color("group:N", title=None, scale=scale, legend=alt.Legend(orient="bottom"))
    base = alt.Chart(rows[["low", "high", "share", "group"]])
    bars = base.mark_bar(opacity=0.5, stroke="white", strokeWidth=0.5).encode(
        x=x, x2="high:Q", y=y, y2=alt.datum(0), color=colour
    )
    return bars.properties(width=220, height=110, title=title)
