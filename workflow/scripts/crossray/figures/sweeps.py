"""Figure: the effect of a training setting on internal and external tests, and the value each selection rule takes."""

from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.style import DATASET_COLOURS, DATASET_SHAPES, QUIET, Figure, nothing, signed, with_interval
from crossray.reasons import DIVERGED
from crossray.study.stages.draw_figure import DrawFigure

#: values that span more than this factor get a logarithmic axis
_LOGARITHMIC = 8
#: pairs of a source and a target that are drawn, internal tests first; more would make the page heavy
_PANELS = 16


def draw(sweeps: pd.DataFrame, choices: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw AUC against the setting, one column of panels per target and one row per source and setting.

    Args:
        sweeps: ``sweeps.csv``.
        choices: ``choices.csv``.
        settings: seeds, resamples.
    """
    rows = sweeps[sweeps["auc"].notna()]
    if rows.empty:
        return nothing("No point of a sweep can be measured", "No target has a task with a number at every point.")
    lines = rows["sweep"] + rows["others"].fillna("").map(lambda words: f", {words}" if words else "")
    rows = rows.assign(line=lines, x=[_place(row) for row in rows.itertuples()])
    names = list(dict.fromkeys(rows["line"]))
    drawn, left_out = _first_pairs(rows)
    panels = []
    for (setting, source), of_source in drawn.groupby(["setting", "source"], sort=False):
        row = [
            _panel(part, setting, names).properties(title=f"{source} to {target}", width=220, height=180)
            for target, part in of_source.groupby("target", sort=False)
        ]
        panels.append(alt.hconcat(*row, spacing=20).resolve_scale(y="shared"))
    chart = alt.vconcat(*panels, spacing=24)
    tasks = sorted(rows["tasks"].unique())
    counted = f"{tasks[0]}" if len(tasks) == 1 else f"{tasks[0]} to {tasks[-1]}"
    caption = (
        f"AUC, mean over {len(settings.seeds)} seeds and the {counted} tasks that have a number at every point of a "
        f"panel, with the 95% interval over patients ({settings.resamples:,} resamples) and seeds. "
        + _chosen(choices)
        + (f" {left_out} further pairs are only in the table." if left_out else "")
        + _diverged(sweeps)
    )
    reading = (
        "Points on one line differ only in the setting. Choosing the best point on these test images would bias the "
        "result; the table of choices has the point that each valid selection rule takes."
    )
    return Figure(chart, _title(rows), caption.strip(), reading)


def _diverged(sweeps: pd.DataFrame) -> str:
    """Name the points whose training diverged."""
    lost = sweeps[sweeps["reason"] == DIVERGED]
    names = dict.fromkeys(f"{row.model} of {row.source}" for row in lost.itertuples())
    return f" Diverged, no number: {'; '.join(names)}." if names else ""


def _first_pairs(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the points of the pairs that are drawn, in their order, and how many pairs are left out."""
    pairs = rows[["setting", "source", "target"]].drop_duplicates()
    at_home = pairs["source"] == pairs["target"]
    first = pd.concat([pairs[at_home], pairs[~at_home]])[:_PANELS]
    return rows.merge(first, how="inner"), len(pairs) - len(first)


def _place(row: Any) -> Any:
    """Return where a point stands: how many images it learnt from, or the value of its setting."""
    if row.setting == "images":
        return row.training_images
    try:
        return float(row.value)
    except (TypeError, ValueError):
        return str(row.value)


def _panel(rows: pd.DataFrame, setting: str, names: list[str]) -> alt.LayerChart:
    """Draw the lines of one source, target and setting."""
    title = "training images" if setting == "images" else setting.replace("_", " ")
    if rows["x"].map(lambda value: isinstance(value, str)).any():
        x = alt.X("x:N", title=title, sort=list(dict.fromkeys(rows["x"])))
    else:
        rows = rows.astype({"x": float})
        numbers = ".0f" if setting == "images" else "~g"
        wide = rows["x"].min() > 0 and rows["x"].max() > _LOGARITHMIC * rows["x"].min()
        scale = alt.Scale(type="log", nice=False) if wide else alt.Scale(zero=False)
        x = alt.X("x:Q", title=title, scale=scale, axis=alt.Axis(values=sorted(rows["x"].unique()), format=numbers))
    domain = [names[i] for i in range(len(names))]
    colours = [DATASET_COLOURS[i % len(DATASET_COLOURS)] for i in range(len(names))]
    shapes = [DATASET_SHAPES[i % len(DATASET_SHAPES)] for i in range(len(names))]
    legend = alt.Legend(orient="bottom", columns=2, labelLimit=300)
    colour = alt.Color("line:N", title="model", scale=alt.Scale(domain=domain, range=colours), legend=legend)
    shape = alt.Shape("line:N", title="model", scale=alt.Scale(domain=domain, range=shapes), legend=legend)
    y = alt.Y("auc:Q", title="AUC (higher is better)", scale=alt.Scale(zero=False))
    columns = ["line", "x", "auc", "auc_low", "auc_high"]
    base = alt.Chart(rows[columns])
    chance = alt.Chart(pd.DataFrame({"auc": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3]).encode(y="auc:Q")
    layers = [
        base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour),
        base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(x=x, y="auc_low:Q", y2="auc_high:Q", color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ]
    return alt.layer(*([chance] if rows["auc_low"].min() < 0.55 else []), *layers)


def _chosen(choices: pd.DataFrame) -> str:
    """State the gain of an oracle (selection on the target's validation images) over selection at the source."""
    if choices.empty:
        return ""
    keys = ["sweep", "fixed", "source", "target"]
    wide = choices.fillna({"fixed": ""}).pivot_table(index=keys, columns="choice", values="auc")
    honest, oracle = "training-domain validation", "test-domain validation (oracle)"
    if not {honest, oracle} <= set(wide):
        return ""
    gain = (wide[oracle] - wide[honest]).dropna()
    return (
        f"Chosen by the source's own validation images; the oracle, by the target's, would have gained "
        f"{signed(gain.mean(), 3)} in the mean of {len(gain)} pairs."
    )


def _title(rows: pd.DataFrame) -> str:
    """Say the largest difference between two sweeps at their first value, or what a sweep's values span."""
    beside = rows[rows["difference"].notna()]
    if len(beside):
        smallest = beside[beside["training_images"] == beside["training_images"].min()]
        row = smallest.loc[smallest["difference"].abs().idxmax()]
        side, sign = ("below", -1) if row["difference"] < 0 else ("above", 1)
        low, high = sorted([sign * row["difference_low"], sign * row["difference_high"]])
        few = f"With {row['training_images']:.0f} training images"
        where = few if row["setting"] == "images" else f"At {row['setting'].replace('_', ' ')} {row['value']}"
        by = with_interval(sign * row["difference"], low, high)
        unsure = "; which is better is open" if low <= 0 <= high else ""
        return f"{where}, {row['sweep']} is {by} {side} {row['beside']} on {row['target']}{unsure}"
    best, worst = rows.loc[rows["auc"].idxmax()], rows.loc[rows["auc"].idxmin()]
    return f"AUC from {worst['auc']:.2f} ({worst['model']}) to {best['auc']:.2f} ({best['model']})"
