"""Figure: the confusion matrix, a heat map for every model, source and target, and the commonest mistakes."""

import json
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, EMPTY, QUIET, SHARE_RANGE, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import reported

#: shares at which the colours of the scale lie: mistakes are small shares, and should be seen
_DOMAIN = [0, 0.05, 0.2, 0.6, 1]
#: up to so many classes have their names and numbers in the map
_NAMED = 20
_SIDE, _SMALL_SIDE = 30, 420
_MISTAKES = 12


def draw(confusion: pd.DataFrame, classes: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a map for each model, source (down) and target (across), and below it the commonest mistakes.

    Args:
        confusion: ``confusion.csv``.
        classes: ``classes.csv``.
        settings: models, sources, targets, tasks.
    """
    if not (confusion["images"] > 0).any():
        return nothing("No confusion can be measured", "No target has images of classes that a model was trained on.")
    names = settings.tasks
    rows = [
        alt.hconcat(
            *(_map(confusion, names, model, source, target, len(settings.models) > 1) for target in settings.targets),
            spacing=24,
        )
        for model in settings.models
        for source in settings.sources
    ]
    mistakes = _mistakes(confusion)
    chart = alt.vconcat(*rows, *([_bars(mistakes, len(settings.models) > 1)] if len(mistakes) else []), spacing=24)
    images = int(reported(classes)["images"].sum())
    caption = (
        f"Share of the test images of each class (row) that are predicted as each class (column); {images:,} answers. "
        "Rows of classes that the source does not have show what their images are predicted as. Grey: no image of the "
        "class in the test split, or the model does not know the class."
        + ("" if len(names) <= _NAMED else f" The {len(names)} classes are in the order of the configuration.")
        + f" Below, the {min(_MISTAKES, len(mistakes))} largest shares of mistakes with their 95% intervals "
        "(Wilson's, patients as clusters)."
    )
    reading = "The diagonal is correct. A dark column off it is a class that others are mistaken for."
    return Figure(chart, _title(mistakes), caption, reading)


def _map(
    confusion: pd.DataFrame, names: Sequence[str], model: str, source: str, target: str, several: bool
) -> alt.LayerChart:
    here = (confusion["model"] == model) & (confusion["source"] == source) & (confusion["target"] == target)
    cells = confusion.loc[here, ["true_class", "predicted_class", "share"]]
    small = len(names) > _NAMED
    side = max(3, _SMALL_SIDE // len(names)) if small else _SIDE
    axis: dict[str, Any] = {"domain": False, "ticks": False, "labels": not small}
    x = alt.X("predicted_class:N", title="predicted class", sort=names, scale=alt.Scale(domain=names),
              axis=alt.Axis(orient="bottom", labelAngle=-40, **axis))  # fmt: skip
    y = alt.Y("true_class:N", title="true class", sort=names, scale=alt.Scale(domain=names), axis=alt.Axis(**axis))
    colour = alt.Color(
        "share:Q",
        title="share of the class",
        scale=alt.Scale(domain=_DOMAIN, range=SHARE_RANGE, interpolate="rgb"),
        legend=alt.Legend(orient="top", gradientLength=200, values=[0, 0.2, 0.6, 1], format=".0%", titleLimit=300),
    )
    empty, seen = cells[cells["share"].isna()], cells[cells["share"] > 0]
    layers = [
        alt.Chart(empty).mark_rect(fill=EMPTY, stroke=None if small else "#ffffff").encode(x=x, y=y),
        alt.Chart(seen).mark_rect().encode(x=x, y=y, color=colour),
    ]
    if not small:
        written = seen[seen["share"] >= 0.005]
        written = written.assign(text=[f"{100 * share:.0f}" for share in written["share"]], dark=written["share"] > 0.4)
        ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#000000"))
        layers.append(alt.Chart(written).mark_text(fontSize=10).encode(x=x, y=y, text="text:N", color=ink))
    title = f"{source} to {target}" + (f", {model}" if several else "")
    chart = alt.layer(*layers).properties(width=side * len(names), height=side * len(names))
    return chart.properties(
        title=alt.TitleParams(title, fontSize=13, anchor="start"), view=alt.ViewConfig(stroke=EMPTY)
    )


def _mistakes(confusion: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of different classes with an image, the largest share first."""
    wrong = (confusion["images"] > 0) & (confusion["true_class"] != confusion["predicted_class"])
    return confusion[wrong].sort_values("share", ascending=False, kind="stable")


def _bars(mistakes: pd.DataFrame, several: bool) -> alt.LayerChart:
    """Draw the largest mistakes with their intervals."""
    top = mistakes.head(_MISTAKES)
    where = [
        f"{row.source} to {row.target}{f', {row.model}' * several}, {row.images:.0f} images" for row in top.itertuples()
    ]
    named = top.assign(place=range(len(top)), name=top["true_class"] + " → " + top["predicted_class"], where=where)
    base = alt.Chart(named[["place", "name", "where", "share", "share_low", "share_high"]])
    axis = alt.Axis(labelExpr=f"{json.dumps(list(named['name']))}[datum.value]", domain=False, ticks=False)
    y = alt.Y("place:O", title="true → predicted", axis=axis)
    scale = alt.Scale(domain=[0, min(1, 2 * top["share_high"].max())])  # the words beside the bars need some room
    x = alt.X("share:Q", title="share of the class", axis=alt.Axis(format="%"), scale=scale)
    return alt.layer(
        base.mark_text(align="left", dx=8, fontSize=11, color=QUIET).encode(x="share_high:Q", y=y, text="where:N"),
        base.mark_rule(strokeWidth=2, color=AWAY).encode(x="share_low:Q", x2="share_high:Q", y=y),
        base.mark_point(filled=True, size=70, opacity=1, color=AWAY).encode(x=x, y=y),
    ).properties(width=420, height=alt.Step(22), title=alt.TitleParams("Largest mistakes", fontSize=13, anchor="start"))


def _title(mistakes: pd.DataFrame) -> str:
    if mistakes.empty:
        return "No class is confused with another"
    worst = mistakes.iloc[0]
    return (
        f"Most frequent mistake: {worst['share']:.0%} of {worst['true_class']} predicted as {worst['predicted_class']} "
        f"({worst['source']} to {worst['target']})"
    )
