"""Figure: what a list of films to read is expected to save."""

import altair as alt
import pandas as pd

from crossray.figures.films import NUMBERS
from crossray.figures.style import AWAY, QUIET, Figure, names_of
from crossray.study.stages.draw_figure import DrawFigure


def draw(reading_gains: pd.DataFrame, settings: DrawFigure) -> Figure:  # noqa: ARG001
    """Draw a panel for each target, a row for each number, a point for each model and finding.

    Args:
        reading_gains: ``reading_gains.csv``.
        settings: nothing is used.
    """
    rows = reading_gains.assign(
        name=names_of(reading_gains) + ", " + reading_gains["task"], number=reading_gains["measure"].map(NUMBERS)
    )
    panels = [_panel(part, str(target)) for target, part in rows.groupby("target", sort=False)]
    lists = rows.drop_duplicates("target")
    films = ", ".join(f"{row.listed:,} of {row.candidates:,} at {row.target}" for row in lists.itertuples())
    caption = (
        "Ratio of expected variances, of a simple random sample over a list of as many films, if models are as good as "
        "expected; the line is 1, where a list saves nothing. Lists mix in films that are read whatever models make of "
        "them, so that no number is expected to lose (docs/planning.md)."
    )
    reading = "At 2, a list needs half as many films as a simple random sample for an interval of the same width."
    return Figure(alt.concat(*panels, columns=2, spacing=24), f"Films to read: {films}", caption, reading)


def _panel(rows: pd.DataFrame, title: str) -> alt.LayerChart:
    names = [name for name in NUMBERS.values() if name in set(rows["number"])]
    y = alt.Y("number:N", title=None, sort=names, scale=alt.Scale(domain=names))
    ends = [0.9, 1.1 * float(rows["gain"].max())]
    x = alt.X("gain:Q", title="ratio of variances (log scale)", scale=alt.Scale(type="log", domain=ends, nice=False))
    base = alt.Chart(rows[["name", "number", "gain"]])
    line = alt.Chart(pd.DataFrame({"gain": [1.0]})).mark_rule(color=QUIET).encode(x="gain:Q")
    points = base.mark_point(filled=True, size=60, opacity=1, color=AWAY).encode(x=x, y=y, tooltip="name:N")
    return alt.layer(line, points).properties(width=300, height=alt.Step(26), title=title)
