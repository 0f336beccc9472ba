"""Figure: views, sex and age in each data set."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure
from crossray.study.stages.draw_figure import DrawFigure

_PROPERTIES = (("view", "view"), ("sex", "sex"), ("age", "age in years"))
#: one hue from light to dark, so that the order of age bands shows, with grey for what is not recorded
_RANGES = {
    "view": ["#332288", "#578dff", "#01665e", "#999933", "#cc79a7"],
    "sex": ["#bd1f01", "#1845fb"],
    "age": ["#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c"],
}


def draw(datasets: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the shares of views, sex and age bands.

    Args:
        datasets: ``datasets.csv``.
        settings: datasets.
    """
    datasets = datasets[datasets["split"] == "all"]
    panels = []
    for name, heading in _PROPERTIES:
        shown = datasets[datasets["property"] == name]
        levels = [level for level in dict.fromkeys(shown["value"]) if level != "not recorded"]
        levels = sorted(levels)
        colours = [_RANGES[name][i % len(_RANGES[name])] for i in range(len(levels))]
        if (shown["value"] == "not recorded").any():
            levels, colours = [*levels, "not recorded"], [*colours, "#d1d5db"]
        order = shown.assign(order=[levels.index(value) for value in shown["value"]])
        panels.append(
            alt.Chart(order[["dataset", "value", "images", "order"]])
            .mark_bar(stroke="#ffffff")
            .encode(
                x=alt.X("images:Q", stack="normalize", title="share of images", axis=alt.Axis(format="%", tickCount=3)),
                y=alt.Y("dataset:N", title=None, sort=list(settings.datasets)),
                color=alt.Color("value:N", title=heading, scale=alt.Scale(domain=levels, range=colours),
                                legend=alt.Legend(orient="bottom", columns=3)),
                order=alt.Order("order:Q"),
            )
            .properties(width=190, height=alt.Step(30))
        )  # fmt: skip
    chart = alt.hconcat(*panels, spacing=28).resolve_scale(color="independent")
    everything = datasets[datasets["property"] == "all"]
    total, patients = int(everything["images"].sum()), int(everything["patients"].sum())
    title = f"{total:,} usable images of {patients:,} patients in {len(everything)} data sets"
    caption = "Shares of the usable images of each data set; grey: not recorded."
    reading = (
        "Where views, sexes or ages differ, a drop elsewhere may be a drop on other patients rather than on another "
        "machine."
    )
    return Figure(chart, title, caption, reading)
