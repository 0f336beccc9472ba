"""Figure: how many films have to be read for intervals of a wanted width."""

import altair as alt
import pandas as pd

from crossray.figures.films import MEASURES
from crossray.figures.style import AWAY, INK, Figure
from crossray.study.film_plan import ALL
from crossray.study.stages.draw_figure import DrawFigure


def draw(sample_sizes: pd.DataFrame, settings: DrawFigure) -> Figure:  # noqa: ARG001
    """Draw a panel for each finding, a row for each number.

    Args:
        sample_sizes: ``sample_sizes.csv``.
        settings: nothing is used.
    """
    whole = sample_sizes[sample_sizes["measure"] == ALL]
    rows = sample_sizes[sample_sizes["measure"] != ALL]
    rows = rows.assign(
        name=rows["measure"].map(MEASURES) + ", " + rows["wanted_width"].map("{:g}".format) + " wide",
        films=rows["images"].map("{:,}".format) + " (" + rows["positives"].map("{:,}".format) + ")",
    )
    panels = [_panel(part, str(task)) for task, part in rows.groupby("task", sort=False)]
    needed = ", ".join(f"{row.images:,} for {row.task}" for row in whole.itertuples())
    caption = (
        "Images to read, taken as they come at the expected prevalence, so that the expected 95% interval is as wide "
        "as wanted; in brackets those with the finding. Widths are of the intervals of this report "
        "(docs/planning.md)."
    )
    reading = "The row farthest to the right decides; a width that costs more than it is worth can be given up."
    return Figure(alt.concat(*panels, columns=2, spacing=24), f"Films to read: {needed}", caption, reading)


def _panel(rows: pd.DataFrame, task: str) -> alt.LayerChart:
    names = list(rows["name"])
    y = alt.Y("name:N", title=None, sort=names, scale=alt.Scale(domain=names))
    ends = [float(rows["images"].min()) / 1.5, float(rows["images"].max()) * 6]
    x = alt.X("images:Q", title="images (log scale)", scale=alt.Scale(type="log", domain=ends, nice=False))
    base = alt.Chart(rows[["name", "images", "films"]])
    return alt.layer(
        base.mark_point(filled=True, size=70, opacity=1, color=AWAY).encode(x=x, y=y),
        base.mark_text(dx=8, align="left", fontSize=11, color=INK).encode(x=x, y=y, text="films:N"),
    ).properties(width=300, height=alt.Step(24), title=task)
