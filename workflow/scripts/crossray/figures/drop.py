"""Figure: what each model loses elsewhere, with intervals."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, dataset_scale, dataset_shapes, with_interval


def draw(transfer: pd.DataFrame, summary: pd.DataFrame, settings: Mapping[str, Any]) -> Figure:
    """Draw a forest of losses.

    Args:
        transfer: ``transfer.csv``.
        summary: ``summary.csv``.
        settings: models, datasets, resamples.
    """
    transfer, summary = (table[table["model"].isin(settings["models"])] for table in (transfer, summary))
    pairs = transfer[transfer["drop"].notna()].sort_values(["model", "source"], kind="stable")
    overall = summary[(summary["source"] == "all sources") & summary["drop"].notna()]
    several = len(settings["models"]) > 1
    rows = pd.concat(
        [
            pairs.assign(name=_named(pairs, pairs["source"] + " to " + pairs["target"], several), kind="pair"),
            overall.assign(name=_named(overall, "mean of all pairs", several), kind="mean"),
        ]
    )
    rows = rows[["name", "kind", "source", "drop", "drop_low", "drop_high"]]
    y = alt.Y("name:N", title=None, sort=list(rows["name"]))
    x = alt.X("drop:Q", title="AUC at home minus AUC elsewhere (right: worse elsewhere)", scale=alt.Scale(zero=True))
    names = settings["datasets"]
    colour = alt.Color("source:N", title="trained on", scale=dataset_scale(names), legend=None)
    shape = alt.Shape("source:N", title="trained on", scale=dataset_shapes(names), legend=None)
    of_pairs, of_mean = rows[rows["kind"] == "pair"], rows[rows["kind"] == "mean"]
    span = {"x": alt.X("drop_low:Q"), "x2": "drop_high:Q", "y": y}
    chart = alt.layer(
        alt.Chart(pd.DataFrame({"drop": [0.0]})).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x=x),
        alt.Chart(of_pairs).mark_rule(strokeWidth=2).encode(**span, color=colour),
        alt.Chart(of_pairs).mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
        alt.Chart(of_mean).mark_rule(strokeWidth=3, color="#000000").encode(**span),
        alt.Chart(of_mean)
        .mark_point(filled=True, size=150, shape="diamond", color="#000000", opacity=1)
        .encode(x=x, y=y),
    ).properties(width=430, height=alt.Step(26))
    caption = (
        "Difference of the mean AUC over the tasks that can be measured at both places, with the 95 % interval from "
        f"{settings['resamples']:,} bootstrap resamples of patients, home and elsewhere drawn independently. "
        f"{len(pairs)} pairs; the mean weighs every pair the same."
    )
    reading = "Right of the dashed line a model does worse than at home; an interval that crosses it leaves that open."
    return Figure(chart, _title(pairs, overall), caption, reading)


def _named(rows: pd.DataFrame, name: Any, several: bool) -> Any:
    return rows["model"] + ", " + name if several else name


def _title(pairs: pd.DataFrame, overall: pd.DataFrame) -> str:
    if overall.empty:
        return "No loss can be measured: no pair of different hospitals shares a task"
    row = overall.iloc[0]
    certain = int((pairs["drop_low"] > 0).sum())
    lost = with_interval(row["drop"], row["drop_low"], row["drop_high"])
    return f"AUC lost elsewhere: {lost}; in {certain} of {len(pairs)} pairs the interval lies above zero"
