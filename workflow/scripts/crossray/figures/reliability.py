"""Figure: are probabilities calibrated? One panel per target, one curve per source."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, nothing, source_scale, source_shapes
from crossray.study.stages.draw_figure import DrawFigure

_FEWEST = 10


def draw(reliability: pd.DataFrame, calibration: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw reliability curves over all tasks together.

    Args:
        reliability: ``reliability.csv``.
        calibration: ``calibration.csv``.
        settings: models, sources, targets, datasets, members, resamples.
    """
    model = settings.models[0]
    rows = reliability[
        (reliability["model"] == model)
        & (reliability["scale"] == "probability")
        & (reliability["task"] == "all tasks")
        & (reliability["images"] >= _FEWEST)
    ]
    if rows.empty:
        return nothing("No calibration can be measured", "No cell of the study has a number.")
    panels = [_panel(rows[rows["target"] == target], target, settings) for target in settings.targets
              if (rows["target"] == target).any()]  # fmt: skip
    errors = calibration[(calibration["model"] == model) & (calibration["scale"] == "probability")]
    home = [row.target in settings.members[row.source] for row in errors.itertuples()]
    inside, outside = (errors["calibration_error"][pd.Series(side, errors.index, dtype=bool)].mean()
                       for side in (home, [not here for here in home]))  # fmt: skip
    found = [f"{value:.2f} {where}" for value, where in ((inside, "internal"), (outside, "external")) if value == value]
    title = f"Mean calibration error {', '.join(found)}"
    caption = (
        "Share of positives against the mean predicted probability, in ten bins of equal width, all tasks of a pair "
        f"together; bins with fewer than {_FEWEST} labels are left out. Vertical lines: 95% interval from "
        f"{settings.resamples:,} resamples of patients. Slope, intercept, observed/expected ratio and calibration "
        "error (root mean square, debiased) of every cell, with intervals, are in the table."
    )
    reading = "On the diagonal, 30% means 30%. Below it a model overestimates the risk, above it underestimates it."
    return Figure(alt.concat(*panels, columns=4, spacing=24), title, caption, reading)


def _panel(rows: pd.DataFrame, target: str, settings: DrawFigure) -> alt.LayerChart:
    x = alt.X("probability:Q", title="predicted", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=3))
    y = alt.Y("observed:Q", title="observed", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=3))
    colour = alt.Color("source:N", title="trained on", scale=source_scale(settings.sources, settings.datasets),
                       legend=alt.Legend(orient="bottom", columns=6))  # fmt: skip
    shape = alt.Shape("source:N", title="trained on", scale=source_shapes(settings.sources, settings.datasets))
    base = alt.Chart(rows[["source", "probability", "observed", "observed_low", "observed_high"]])
    line = pd.DataFrame({"probability": [0, 1], "observed": [0, 1]})
    return alt.layer(
        alt.Chart(line).mark_line(color="#4b5563", strokeDash=[4, 3], strokeWidth=1.2).encode(x=x, y=y),
        base.mark_rule(opacity=0.6).encode(x=x, y="observed_low:Q", y2="observed_high:Q", color=colour),
        base.mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colour),
        base.mark_point(filled=True, size=35, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=180, height=180, title=f"tested on {target}")
