"""Figure: AUCs of sites that send counts, with what they can be wherever in their bins images lie."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, INK, Figure, left_out, names_of, nothing
from crossray.study.stages.draw_figure import DrawFigure

_MOST_PANELS = 12
_CELL = ["model", "source", "target", "task"]


def draw(bounds: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a panel for each task, in it a line for each model and site.

    Args:
        bounds: ``bounds.csv``.
        settings: models.
    """
    told = bounds[(bounds["table"] == "performance") & bounds["model"].isin(settings.models)]
    rows = _with_ends(told)
    if rows.empty:
        return nothing("No AUC can be taken from counts", "No task of a site has enough patients of both labels.")
    rows = rows.assign(name=names_of(rows) + " at " + rows["target"])
    tasks, names = list(dict.fromkeys(rows["task"])), list(dict.fromkeys(rows["name"]))
    charts = [_panel(rows[rows["task"] == task], task, names) for task in tasks[:_MOST_PANELS]]
    sites = rows["target"].nunique()
    title = (
        f"AUCs of {sites} site{'s' * (sites > 1)} by counts are known to ± {_half(rows):.3f} at most, "
        "beside their intervals"
    )
    caption = (
        f"{len(rows)} AUCs of sites that sent histograms of outputs and no row of anybody. Point: pairs in one bin "
        "taken as ties. Thick line: the AUC of the rows lies within it, wherever in their bins the images lie. Thin "
        "line: the furthest limits that the 95% interval can then have, patients as clusters. "
        f"{_shares(told)}Means over tasks, comparisons, calibration curves, corrections and verdicts are not in "
        f"counts (S); docs/bundles.md lists what is.{left_out(tasks[_MOST_PANELS:], 'which are in the table')}"
    )
    reading = (
        "The thick line is what counts withhold, the thin one what few patients leave open. If thick lines overlap, "
        "counts cannot say which of two models is better; ask the sites for rows."
    )
    return Figure(alt.concat(*charts, columns=2, spacing=24), title, caption, reading)


def _with_ends(told: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each AUC: value, least, most, and the furthest limits of its interval."""
    numbers = told.pivot_table(["value", "least", "most"], _CELL, "column", aggfunc="first", sort=False)
    if not {("value", "auc"), ("least", "auc_low"), ("most", "auc_high")} <= set(numbers.columns):
        return pd.DataFrame(columns=[*_CELL, "auc", "least", "most", "low", "high"])
    kinds = {"auc": ("value", "auc"), "least": ("least", "auc"), "most": ("most", "auc"),
             "low": ("least", "auc_low"), "high": ("most", "auc_high")}  # fmt: skip
    found = pd.DataFrame({name: numbers[key] for name, key in kinds.items()}).dropna(subset="auc")
    return found.reset_index()


def _half(rows: pd.DataFrame) -> float:
    return float((rows["most"] - rows["least"]).max() / 2)


def _shares(told: pd.DataFrame) -> str:
    """Say how far sensitivities and specificities can be off."""
    rows = told[told["column"].isin(["sensitivity", "specificity"])]
    if rows.empty:
        return ""
    exact = int((rows["most"] - rows["least"] < 1e-9).sum())
    off = f", the others to ± {_half(rows):.3f} at most" if exact < len(rows) else ""
    return f"Of {len(rows)} sensitivities and specificities at thresholds {exact} are exact{off}. "


def _panel(rows: pd.DataFrame, title: str, names: list[str]) -> alt.LayerChart:
    here = [name for name in names if name in set(rows["name"])]
    y = alt.Y("name:N", title=None, sort=here, axis=alt.Axis(labelLimit=260))
    x = alt.X("auc:Q", title="AUC (higher is better)", scale=alt.Scale(zero=False, nice=True))
    base = alt.Chart(rows[["name", "auc", "least", "most", "low", "high"]])
    chance = alt.Chart(pd.DataFrame({"auc": [0.5]}))
    return alt.layer(
        chance.mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x="auc:Q"),
        base.mark_rule(strokeWidth=1.5, color=AWAY).encode(x="low:Q", x2="high:Q", y=y),
        base.mark_rule(strokeWidth=7, color=AWAY, opacity=0.45).encode(x="least:Q", x2="most:Q", y=y),
        base.mark_point(filled=True, size=45, opacity=1, color=INK).encode(x=x, y=y),
    ).properties(width=260, height=alt.Step(22), title=title)
