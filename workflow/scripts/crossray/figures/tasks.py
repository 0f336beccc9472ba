"""Figure: each task's AUC over all models and targets, best first."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, INK, Figure, left_out, nothing, with_interval
from crossray.study.stages.draw_figure import DrawFigure


def draw(tasks: pd.DataFrame, performance: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a strip of cells for each task with mean and standard deviation.

    Args:
        tasks: ``tasks.csv``.
        performance: the reported rows of ``performance.csv``.
        settings: models, members, counted.
    """
    model = settings.models[0]
    means = tasks[(tasks["model"] == model) & tasks["mean_auc"].notna()].copy()
    if means.empty:
        return nothing("No task can be measured", "No cell of the study has a number.")
    cells = performance[(performance["model"] == model) & performance["auc"].notna()]
    cells = cells[~cells["target"].isin(settings.counted)]
    home = [row.target in settings.members[row.source] for row in cells.itertuples()]
    cells = cells.assign(place=["internal" if here else "external" for here in home])
    means["low"], means["high"] = means["mean_auc"] - means["sd"], means["mean_auc"] + means["sd"]
    words = [f"{row.mean_auc:.2f} ± {row.sd:.2f}, {row.cells} cells" for row in means.itertuples()]
    groups = [f"{row.group}: {row.task}" if isinstance(row.group, str) else row.task for row in means.itertuples()]
    means = means.assign(words=words, name=groups)
    cells = cells.merge(means[["task", "name"]], on="task")
    order = list(means["name"])
    y = alt.Y("name:N", title=None, sort=order)
    x = alt.X("auc:Q", title="AUC (higher is better)", scale=alt.Scale(zero=False, nice=True))
    place = alt.Scale(domain=["internal", "external"], range=[HOME, AWAY])
    shape = alt.Scale(domain=["internal", "external"], range=["square", "circle"])
    of_means = alt.Chart(means)
    strip = alt.layer(
        alt.Chart(pd.DataFrame({"auc": [0.5]})).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x="auc:Q"),
        alt.Chart(cells[["name", "auc", "place"]])
        .mark_point(size=45, opacity=0.75, filled=True)
        .encode(x=x, y=y, color=alt.Color("place:N", title=None, scale=place),
                shape=alt.Shape("place:N", title=None, scale=shape)),
        of_means.mark_rule(strokeWidth=2, color=INK).encode(x="low:Q", x2="high:Q", y=y),
        of_means.mark_tick(thickness=4, size=18, color=INK).encode(x="mean_auc:Q", y=y),
    ).properties(width=400, height=alt.Step(26))  # fmt: skip
    texts = of_means.mark_text(align="left", fontSize=12).encode(y=alt.Y("name:N", sort=order, axis=None), text="words")
    chart = alt.hconcat(strip, texts.properties(width=130, height=alt.Step(26)), spacing=8)
    best, worst = means.iloc[0], means.iloc[-1]
    caption = (
        f"Every point is a model on a target ({model}); the tick is the mean over all of them, the line one standard "
        "deviation to either side. Tasks are sorted by the mean and named as in Cohen et al. (2020): the best third "
        "good, if their intervals lie above the mean of all tasks, the last third variable, if theirs lie below it, "
        "and all others medium. Intervals of the means are in the table."
        + left_out(settings.counted, "whose sites send counts, which are in no mean")
    )
    reading = (
        "Blue points left of the dark ones show tasks on which models do worse elsewhere; long lines show tasks on "
        "which models differ."
    )
    first, last = (
        f"{row.task} {with_interval(row.mean_auc, row.mean_auc_low, row.mean_auc_high)}" for row in (best, worst)
    )
    overlap = ", whose intervals overlap" if best["mean_auc_low"] <= worst["mean_auc_high"] else ""
    title = f"Highest AUC: {first}; lowest: {last}{overlap}" if len(means) > 1 else f"AUC of {first}"
    return Figure(chart, title, caption, reading)
