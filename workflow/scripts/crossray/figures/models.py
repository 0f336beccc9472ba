"""Figure: internal and external performance of several models, with their cost."""

from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, Figure, left_out, nothing, signed
from crossray.study.stages.draw_figure import DrawFigure

_WHERE = {"home": "internal", "elsewhere": "external"}
_ROW = 44


def draw(models: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw internal and external mean AUC, and the difference from the first model.

    Args:
        models: ``models.csv``.
        settings: models.
    """
    rows = models[models["auc"].notna()]
    if rows.empty:
        return nothing("No model can be measured", "No cell of the study has a number.")
    rows = rows.assign(name=[_name(row) for row in rows.itertuples()], where=rows["where"].map(_WHERE))
    names = list(dict.fromkeys(rows["name"]))
    scale = alt.Scale(domain=names)
    axis = alt.Axis(labelExpr="split(datum.label, '|')", labelLineHeight=15)
    domain = list(_WHERE.values())
    offset = alt.YOffset("where:N", scale=alt.Scale(domain=domain))
    colour = alt.Color("where:N", title="test", scale=alt.Scale(domain=domain, range=[HOME, AWAY]))
    shape = alt.Shape("where:N", title="test", scale=alt.Scale(domain=domain, range=["circle", "diamond"]))

    def panel(table: pd.DataFrame, name: str, title: str, width: int, axis: alt.Axis | None) -> alt.LayerChart:
        shared = {"y": alt.Y("name:N", title=None, scale=scale, axis=axis), "yOffset": offset}
        x = alt.X(f"{name}:Q", title=title, scale=alt.Scale(zero=False))
        base = alt.Chart(table)
        span = {"x": alt.X(f"{name}_low:Q"), "x2": f"{name}_high:Q"}
        return alt.layer(
            base.mark_rule(strokeWidth=2).encode(**span, **shared, color=colour),
            base.mark_point(filled=True, size=80, opacity=1).encode(x=x, **shared, color=colour, shape=shape),
        ).properties(width=width, height=_ROW * len(names))

    compared = rows[rows["difference"].notna()]
    left = panel(rows, "auc", "mean AUC (higher is better)", 280, axis)
    first = settings.models[0]
    zero = alt.Chart(pd.DataFrame({"difference": [0.0]})).mark_rule(color="#9ca3af", strokeDash=[4, 3])
    right = alt.layer(
        zero.encode(x="difference:Q"), panel(compared, "difference", f"difference from {first}", 240, None)
    )
    chart = alt.hconcat(left, right, spacing=24) if len(compared) else left
    caption = (
        "Mean over cells (source, target and task), with equal weights. The difference is over the cells that both "
        "models have, paired by patient. Below each name of a model that was trained here: "
        "parameters, and operations per image (twice the multiply-adds)."
        + left_out([name for name in settings.models if name not in set(rows["model"])], "which have no number")
    )
    reading = (
        "A model that gains only internally has learnt its hospital. If an interval crosses the dashed line, it is "
        "open which of the two is better."
    )
    return Figure(chart, _title(rows, compared, first), caption, reading)


def _name(row: Any) -> str:
    if row.parameters != row.parameters:  # of an external model
        return str(row.model)
    return f"{row.model}|{_short(row.parameters)} parameters, {_short(row.operations)} operations"


def _short(value: float) -> str:
    """Write a large number with three digits and an SI prefix."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:g}"


def _title(rows: pd.DataFrame, compared: pd.DataFrame, first: str) -> str:
    away = rows[rows["where"] == "external"]
    if away.empty:
        return "Internal performance of the models"
    best = away.loc[away["auc"].idxmax()]
    if len(away) == 1:
        return f"{best['model']} has a mean external AUC of {best['auc']:.2f}"
    title = f"{best['model']} has the highest mean external AUC, {best['auc']:.2f}"
    beside = compared[(compared["model"] == best["model"]) & (compared["where"] == "external")]
    if beside.empty:
        return title
    row = beside.iloc[0]
    low, high = signed(row["difference_low"]), signed(row["difference_high"])
    unsure = "; which is better is open" if row["difference_low"] <= 0 <= row["difference_high"] else ""
    return f"{title}: {signed(row['difference'])} (95% interval {low} to {high}) compared with {first}{unsure}"
