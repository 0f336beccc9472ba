"""Figure: what was estimated of models from the films that were read."""

import altair as alt
import pandas as pd

from crossray.figures.films import NUMBERS
from crossray.figures.style import AWAY, Figure, names_of, nothing
from crossray.reasons import REASONS
from crossray.study.stages.draw_figure import DrawFigure


def draw(read_films: pd.DataFrame, settings: DrawFigure) -> Figure:  # noqa: ARG001
    """Draw a panel for each number, a row for each model, target and finding.

    Args:
        read_films: ``read_films.csv``.
        settings: nothing is used.
    """
    rows = read_films[read_films["estimate"].notna()]
    counts = read_films["reason"].dropna().value_counts(sort=False)
    why = "".join(f" {count} numbers have none: {REASONS[code]} ({code})." for code, count in counts.items())
    if rows.empty:
        return nothing("Nothing can be estimated from the films that were read", why.strip())
    rows = rows.assign(name=names_of(rows) + " at " + rows["target"] + ", " + rows["task"])
    names = list(dict.fromkeys(rows["name"]))
    panels = [
        _panel(rows[rows["measure"] == measure], words, names)
        for measure, words in NUMBERS.items()
        if (rows["measure"] == measure).any()
    ]
    most = rows.loc[rows["images"].idxmax()]
    title = f"Estimates for all films from {int(most['images']):,} of {int(most['listed']):,} that were to be read"
    caption = (
        "Point and line: estimate and 95% interval for other patients of the same hospital, films weighed by their "
        f"probabilities, patients as clusters (docs/planning.md).{why}"
    )
    reading = "Estimates are for all candidates, not for the films that were read: these were drawn by models' outputs."
    return Figure(alt.concat(*panels, columns=3, spacing=24), title, caption, reading)


def _panel(rows: pd.DataFrame, words: str, names: list[str]) -> alt.LayerChart:
    y = alt.Y("name:N", title=None, sort=names, scale=alt.Scale(domain=names))
    x = alt.X("estimate:Q", title=words, scale=alt.Scale(zero=False))
    base = alt.Chart(rows[["name", "estimate", "estimate_low", "estimate_high"]])
    return alt.layer(
        base.mark_rule(strokeWidth=2, color=AWAY).encode(x="estimate_low:Q", x2="estimate_high:Q", y=y),
        base.mark_point(filled=True, size=70, opacity=1, color=AWAY).encode(x=x, y=y),
    ).properties(width=200, height=alt.Step(26))
