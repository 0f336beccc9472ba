"""Figure: weight vectors of a network with one output per data set and task, on two principal components."""

from collections.abc import Iterable

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, dataset_scale, dataset_shapes, nothing
from crossray.study.stages.draw_figure import DrawFigure

HEADINGS = {"none": "no penalty", "l2": "penalty on the distance between a task's outputs"}


def draw(head_places: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the vectors without and with the penalty.

    Args:
        head_places: ``head_places.csv``.
        settings: models, datasets.
    """
    rows = head_places[head_places["model"] == settings.models[0]]
    drawn = {penalty: heading for penalty, heading in HEADINGS.items() if (rows["penalty"] == penalty).any()}
    if not drawn:
        return nothing("No shared network has outputs to compare", "The trainings of the shared networks diverged.")
    panels = [_panel(rows[rows["penalty"] == penalty], heading, settings) for penalty, heading in drawn.items()]
    caption = (
        "One network was trained on all data sets together, with a separate output for each data set and task, trained "
        "only on this data set's images. A point is the weight vector of an output (first seed); axes are the first "
        "two principal components of all vectors, with the share of variance explained. Lines connect the centroid of "
        f"a task, with its name, to its outputs.{diverged(drawn)}"
    )
    reading = (
        "If a task's outputs stay apart even with the penalty, the data sets mean different things by its name; points "
        "that cluster by colour represent the data set instead of the finding."
    )
    return Figure(alt.hconcat(*panels, spacing=28), "Does a finding mean the same everywhere?", caption, reading)


def diverged(penalties: Iterable[str]) -> str:
    """Say which shared networks have no outputs to show, the first seed's training having diverged."""
    missing = [heading for penalty, heading in HEADINGS.items() if penalty not in set(penalties)]
    return f" Not drawn, as training diverged: {'; '.join(missing)}." if missing else ""


def _panel(rows: pd.DataFrame, heading: str, settings: DrawFigure) -> alt.LayerChart:
    shares = [f"{axis} component ({rows[f'{axis}_share'].iloc[0]:.0%})" for axis in ("first", "second")]
    names = [name for name in settings.datasets if (rows["dataset"] == name).any()]
    x, y = alt.X("first:Q", title=shares[0]), alt.Y("second:Q", title=shares[1])
    colour = alt.Color("dataset:N", title="data set", scale=dataset_scale(settings.datasets),
                       legend=alt.Legend(values=names))  # fmt: skip
    shape = alt.Shape("dataset:N", title="data set", scale=dataset_shapes(settings.datasets),
                      legend=alt.Legend(values=names))  # fmt: skip
    middle = rows.groupby("task")[["first", "second"]].transform("mean")
    rows = rows.assign(middle_first=middle["first"], middle_second=middle["second"])
    base = alt.Chart(rows[["first", "second", "middle_first", "middle_second", "dataset", "task"]]).encode(x=x, y=y)
    names_of = alt.Chart(rows.drop_duplicates("task")[["middle_first", "middle_second", "task"]])
    return alt.layer(
        base.mark_rule(color="#9ca3af", strokeWidth=0.7).encode(x2="middle_first:Q", y2="middle_second:Q"),
        base.mark_point(filled=True, size=50, opacity=1).encode(color=colour, shape=shape),
        names_of.mark_text(fontSize=10, fontWeight=600, color="#1f2937").encode(
            x="middle_first:Q", y="middle_second:Q", text="task:N"
        ),
    ).properties(width=320, height=300, title=alt.TitleParams(heading, fontSize=12))
