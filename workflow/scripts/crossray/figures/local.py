"""Figure: at each target, its own model against every other one, on the same images."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, left_out, nothing, source_scale, source_shapes
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import MEAN_OF_TASKS


def draw(comparisons: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw differences own minus other.

    Args:
        comparisons: ``comparisons.csv``.
        settings: models, sources, targets, datasets.
    """
    chosen = comparisons[
        (comparisons["kind"] == "same images")
        & (comparisons["task"] == MEAN_OF_TASKS)
        & (comparisons["first"] == comparisons["target"])
        & (comparisons["model"] == settings.models[0])
    ]
    if chosen.empty:
        return nothing("No target has both a local and another model", "Local and other models share no measured task.")
    rows = chosen.assign(name=chosen["second"] + " at " + chosen["target"])
    colour = alt.Color("second:N", legend=None, scale=source_scale(settings.sources, settings.datasets))
    shape = alt.Shape("second:N", legend=None, scale=source_shapes(settings.sources, settings.datasets))
    y = alt.Y("name:N", title=None, sort=list(rows["name"]))
    x = alt.X("difference:Q", title="AUC of the local model minus AUC of the other (right: local is better)")
    base = alt.Chart(rows)
    chart = alt.layer(
        alt.Chart(pd.DataFrame({"difference": [0.0]})).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x=x),
        base.mark_rule(strokeWidth=2).encode(x="difference_low:Q", x2="difference_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=430, height=alt.Step(24))
    better, worse = (int((rows["p_holm"] < 0.05).where(sign).sum()) for sign in
                     (rows["difference"] > 0, rows["difference"] < 0))  # fmt: skip
    title = f"The local model is better in {better} of {len(rows)} comparisons and worse in {worse}, after correction"
    without = [name for name in settings.targets if name not in set(chosen["target"])]
    caption = (
        "Mean over the tasks that both models can be measured on, on the same test images of the target, with the 95% "
        "interval, patients as clusters, models paired. Counted in the title: p below 0.05 after "
        "Holm's correction. Comparisons that the configuration did not name before the run are exploratory."
        + left_out(without, "where no local model can be compared with another")
    )
    reading = "Each line names the other model's source and the target. Right of zero, the local model is better."
    return Figure(chart, title, caption, reading)
