"""Figure: the acceptance criteria, with measured and required values."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, names_of, nothing
from crossray.study.acceptance import ALERTS, ALL, CANNOT_TELL, MET, NOT_MET
from crossray.study.stages.draw_figure import DrawFigure

_ANSWERS = {MET: "#0072b2", CANNOT_TELL: "#6b7280", NOT_MET: "#d55e00"}
_SHAPES = {MET: "circle", CANNOT_TELL: "diamond", NOT_MET: "square"}
_ROW = 16
#: maximum number of rows, those nearest to the required values
_MOST = 40


def draw(acceptance: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a row for each model and place of the threshold, a panel for each criterion.

    Args:
        acceptance: ``acceptance.csv``.
        settings: models, sources.
    """
    rows = acceptance[acceptance["value"].notna()]
    whole = acceptance[acceptance["criterion"] == ALL]
    if rows.empty:
        return nothing("No criterion can be evaluated", "No model has a number for a task that has criteria.")
    rows = rows.assign(
        row=rows["target"] + ": " + names_of(rows) + ", " + rows["threshold_from"],
        what=rows["task"] + ", " + rows["criterion"],
    )
    order = list(dict.fromkeys(rows["row"]))
    shown = _nearest(rows, order)
    rows, left_out = rows[rows["row"].isin(shown)], len(order) - len(shown)
    order = [row for row in order if row in shown]
    y = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelLimit=420))
    colour = alt.Color("answer:N", title=None, scale=alt.Scale(domain=list(_ANSWERS), range=list(_ANSWERS.values())))
    shape = alt.Shape("answer:N", title=None, scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())))
    panels = []
    for number, (what, part) in enumerate(rows.groupby("what", sort=False)):
        axis = y if not number else alt.Y("row:N", sort=order, title=None, axis=None)
        x = alt.X("value:Q", title=what, scale=alt.Scale(zero=False))
        base = alt.Chart(part)
        lines = base.mark_rule(strokeWidth=1.5).encode(x="value_low:Q", x2="value_high:Q", y=axis, color=colour)
        points = base.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=axis, color=colour, shape=shape)
        wanted = base.mark_tick(thickness=2, size=_ROW, color="#111827").encode(x="wanted:Q", y=axis)
        panels.append((lines + points + wanted).properties(width=190, height=_ROW * len(order)))
    counts = whole["answer"].value_counts()
    title = ", ".join(f"{counts.get(answer, 0)} {words}" for answer, words in (
        (MET, "meet all criteria"), (NOT_MET, "do not"), (CANNOT_TELL, "undecided")))  # fmt: skip
    caption = (
        "Each criterion of each model at each target, with its 95% interval; the black line is the required value. "
        "Met: the whole interval lies at or above it. Not met: it lies below. Thresholds of the target are "
        "cross-fitted."
    ) + (f" Of {left_out + len(order)} rows, those nearest to the required values are drawn." if left_out else "")
    reading = "A model is acceptable if every criterion of a row is met; one that is not met is enough to reject it."
    return Figure(alt.concat(*panels, columns=3, spacing=14), f"Of {len(whole)}: {title}", caption, reading)


def _nearest(rows: pd.DataFrame, order: list[str]) -> list[str]:
    """Return the rows that are drawn: those whose worst criterion falls least short of the required value."""
    apart = rows["value"] - rows["wanted"]
    alerts = -apart / rows["wanted"]  # a maximum, and no share: what is left of it
    short = apart.where(rows["criterion"] != ALERTS, alerts).groupby(rows["row"]).min()
    return sorted(order, key=lambda row: -float(short[row]))[:_MOST]
