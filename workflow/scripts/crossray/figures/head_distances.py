"""Figure: distance of a task's weight vectors between data sets, and its correlation with the AUC."""

import altair as alt
import pandas as pd

from crossray.figures.heads import HEADINGS, diverged
from crossray.figures.style import Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

_COLOURS, _SHAPES = ["#332288", "#bd1f01"], ["circle", "square"]


def draw(head_distances: pd.DataFrame, head_relations: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw distances by task, and against the mean AUC.

    Args:
        head_distances: ``head_distances.csv``.
        head_relations: ``head_relations.csv``.
        settings: models, seeds.
    """
    rows = head_distances[head_distances["model"] == settings.models[0]]
    if rows.empty:
        return nothing("No distance can be measured", "No task is labelled by two data sets of the pool.")
    largest = rows.groupby("penalty")["distance"].transform("max")
    rows = rows.assign(outputs=rows["penalty"].map(HEADINGS), low=(rows["distance"] - rows["sd"]) / largest,
                       high=(rows["distance"] + rows["sd"]) / largest)  # fmt: skip
    tied = rows[rows["penalty"] == ("l2" if (rows["penalty"] == "l2").any() else "none")].sort_values("relative")
    y = alt.Y("task:N", title=None, sort=list(tied["task"]))
    x = alt.X("relative:Q", title="distance, largest of all tasks = 1", scale=alt.Scale(zero=True))
    names = list(HEADINGS.values())
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=400)
    colour = alt.Color("outputs:N", title=None, scale=alt.Scale(domain=names, range=_COLOURS), legend=legend)
    shape = alt.Shape("outputs:N", title=None, scale=alt.Scale(domain=names, range=_SHAPES), legend=legend)
    offset = alt.YOffset("outputs:N", scale=alt.Scale(domain=names))
    base = alt.Chart(rows)
    layers = [
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, yOffset=offset, color=colour, shape=shape)
    ]
    if rows["sd"].notna().any():
        layers.insert(0, base.mark_rule().encode(x="low:Q", x2="high:Q", y=y, yOffset=offset, color=colour))
    left = alt.layer(*layers).properties(width=290, height=alt.Step(16))
    known = alt.Chart(rows[rows["mean_auc"].notna()])
    named = alt.Chart(rows[rows["mean_auc"].notna() & (rows["penalty"] == tied["penalty"].iloc[0])])
    right = alt.layer(
        known.mark_point(filled=True, size=70, opacity=1).encode(
            x=x,
            y=alt.Y("mean_auc:Q", title="mean AUC of the task", scale=alt.Scale(zero=False)),
            color=colour,
            shape=shape,
        ),
        named.mark_text(fontSize=9, dy=-9, color="#1f2937").encode(x=x, y="mean_auc:Q", text="task:N"),
    ).properties(width=290, height=260)
    caption = (
        "Mean Euclidean distance of a task's weight vectors over pairs of data sets, by the largest; lines are one "
        f"standard deviation over {len(settings.seeds)} seeds. Right: the same against the task's mean AUC over all "
        f"models and targets. {_words(head_relations, settings)}{diverged(rows['penalty'])}"
    )
    reading = "If tasks with distant outputs have a low AUC, part of the drop comes from what the label means."
    far, near = tied.iloc[-1]["task"], tied.iloc[0]["task"]
    where = "Under the penalty" if tied["penalty"].iloc[0] == "l2" else "Without the penalty"
    title = f"{where} the outputs of {far} stay farthest apart, those of {near} come closest"
    return Figure(alt.hconcat(left, right, spacing=30), title, caption, reading)


def _words(relations: pd.DataFrame, settings: DrawFigure) -> str:
    parts = [
        f"{HEADINGS[row.penalty]}: Pearson's r {row.pearson:.2f} (95% interval {row.pearson_low:.2f} to "
        f"{row.pearson_high:.2f}), Spearman's rho {row.spearman:.2f}, {row.tasks} tasks"
        for row in relations[relations["model"] == settings.models[0]].itertuples()
        if row.pearson == row.pearson
    ]
    return f"Correlation, {'; '.join(parts)}." if parts else "There are too few tasks for a correlation."
