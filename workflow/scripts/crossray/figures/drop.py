"""Figure: the drop in AUC of each model, with intervals."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.pairs import at_chance, claimed
from crossray.figures.style import Figure, dataset_scale, dataset_shapes, with_interval
from crossray.study.stages.draw_figure import DrawFigure


def draw(transfer: pd.DataFrame, summary: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a forest of drops.

    Args:
        transfer: ``transfer.csv``.
        summary: ``summary.csv``.
        settings: models, datasets.
    """
    transfer, summary = (table[table["model"].isin(settings.models)] for table in (transfer, summary))
    pairs = transfer[transfer["drop"].notna()].sort_values(["model", "source"], kind="stable")
    overall = summary[(summary["source"] == "all sources") & summary["drop"].notna()]
    several = len(settings.models) > 1
    rows = pd.concat(
        [
            pairs.assign(name=_named(pairs, pairs["source"] + " to " + pairs["target"], several), kind="pair"),
            overall.assign(name=_named(overall, "mean of all pairs", several), kind="mean"),
        ]
    )
    idle = at_chance(rows)
    rows = rows.assign(
        name=rows["name"] + idle.map({True: " (internal: chance)", False: ""}), kind=rows["kind"].mask(idle, "idle")
    )
    rows = rows[["name", "kind", "source", "drop", "drop_low", "drop_high"]]
    y = alt.Y("name:N", title=None, sort=list(rows["name"]))
    x = alt.X("drop:Q", title="internal minus external AUC (right: larger drop)", scale=alt.Scale(zero=True))
    names = settings.datasets
    colour = alt.Color("source:N", title="trained on", scale=dataset_scale(names), legend=None)
    shape = alt.Shape("source:N", title="trained on", scale=dataset_shapes(names), legend=None)
    of_pairs, of_mean, of_idle = (rows[rows["kind"] == kind] for kind in ("pair", "mean", "idle"))
    span = {"x": alt.X("drop_low:Q"), "x2": "drop_high:Q", "y": y}
    chart = alt.layer(
        alt.Chart(pd.DataFrame({"drop": [0.0]})).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x=x),
        alt.Chart(of_pairs).mark_rule(strokeWidth=2).encode(**span, color=colour),
        alt.Chart(of_pairs).mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
        alt.Chart(of_idle).mark_rule(strokeWidth=1, color="#9ca3af").encode(**span),
        alt.Chart(of_idle).mark_point(filled=False, size=60, color="#6b7280", opacity=1).encode(x=x, y=y),
        alt.Chart(of_mean).mark_rule(strokeWidth=3, color="#000000").encode(**span),
        alt.Chart(of_mean)
        .mark_point(filled=True, size=150, shape="diamond", color="#000000", opacity=1)
        .encode(x=x, y=y),
    ).properties(width=430, height=alt.Step(26))
    caption = (
        "Difference in mean AUC over the tasks that can be measured on both data sets, with the 95% interval over "
        f"the patients of both. {len(pairs)} pairs; the mean weights every pair equally."
        + (f" Hollow: {len(of_idle)} pairs whose model is not better than chance internally, by its interval; they "
           "count neither in the mean nor in the title." if len(of_idle) else "")
    )  # fmt: skip
    reading = (
        "Right of the dashed line a model does worse than internally; if its interval crosses the line, that is open."
    )
    return Figure(chart, _title(pairs, overall, settings.models), caption, reading)


def _named(rows: pd.DataFrame, name: Any, several: bool) -> Any:
    return rows["model"] + ", " + name if several else name


def _title(pairs: pd.DataFrame, overall: pd.DataFrame, models: Sequence[str]) -> str:
    """State the drop of the model that is listed first."""
    of_first = pairs[pairs["model"] == models[0]]
    able = claimed(of_first)
    if able.empty and len(of_first):
        return "No drop reported: no model is better than chance internally"
    overall = overall[overall["model"] == models[0]]
    if overall.empty:
        return "No drop can be measured: no pair of different hospitals has a mean AUC of tasks that both share"
    row = overall.iloc[0]
    above = int((able["drop_low"] > 0).sum())
    lost = with_interval(row["drop"], row["drop_low"], row["drop_high"])
    name = f" ({models[0]})" if len(models) > 1 else ""
    return f"Drop in AUC: {lost}; in {above} of {len(able)} pairs the interval lies above zero{name}"
