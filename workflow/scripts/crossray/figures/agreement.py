"""Figure: agreement of models on individual images, by task, with the agreement between seeds as the ceiling."""

import itertools

import altair as alt
import pandas as pd

from crossray.figures.style import EMPTY, SHARE_RANGE, Figure, left_out, nothing
from crossray.study.stages.draw_figure import DrawFigure

_HEADINGS = {
    "own with others": "target's own model with others",
    "all pairs": "all pairs of models",
    "seeds": "two seeds of one model (ceiling)",
}


def draw(agreement_summary: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw strips of kappa, tasks x targets.

    Args:
        agreement_summary: ``agreement_summary.csv``.
        settings: models, targets, tasks.
    """
    rows = agreement_summary[
        (agreement_summary["model"] == settings.models[0])
        & agreement_summary["source"].isna()
        & agreement_summary["kappa"].notna()
    ]
    panels = [_panel(rows[rows["rule"] == rule], heading, settings) for rule, heading in _HEADINGS.items()
              if (rows["rule"] == rule).any()]  # fmt: skip
    if not panels:
        return nothing("No two models can be compared", "No target and task can be measured with two models.")
    chart = alt.hconcat(*panels, spacing=24)
    means = rows.groupby("rule")["kappa"].mean()
    parts = [f"{words} {means[rule]:.2f}" for rule, words in (("own with others", "own model and others"),
             ("all pairs", "all pairs"), ("seeds", "two seeds of one model")) if rule in means]  # fmt: skip
    own = set(rows.loc[rows["rule"] == "own with others", "target"])
    without = [name for name in settings.targets if own and name not in own]
    caption = (
        "Mean of Cohen's kappa over pairs of models, each at the threshold chosen on its own source's validation "
        "split (Youden); models of data sets with the same patients are not compared. "
        "Intervals, with patients as clusters, every single pair, kappa at thresholds chosen on the target itself "
        "as in the paper, and Kendall's tau are in the tables."
        + left_out(without, "in the first panel, as no local model can be compared")
    )
    reading = (
        "1 is full agreement, 0 is chance. Two models can have the same AUC and still call different patients "
        "positive; the distance from the ceiling shows how much of that is due to the training data."
    )
    return Figure(chart, f"Agreement (kappa): {', '.join(parts)}", caption, reading)


def _panel(rows: pd.DataFrame, heading: str, settings: DrawFigure) -> alt.LayerChart:
    targets = [target for target in settings.targets if (rows["target"] == target).any()]
    rows = rows.assign(text=[f"{value:.2f}" for value in rows["kappa"]], dark=rows["kappa"] > 0.55)
    x = alt.X(
        "target:N", title="tested on", scale=alt.Scale(domain=targets), axis=alt.Axis(orient="top", labelAngle=-40)
    )
    y = alt.Y("task:N", title=None, sort=list(settings.tasks))
    domain = [*([-1] if (rows["kappa"] < 0).any() else []), 0, 0.25, 0.5, 0.75, 1]
    colour = alt.Color(
        "kappa:Q", title="kappa", scale=alt.Scale(domain=domain, range=["#d55e00", *SHARE_RANGE][-len(domain):]),
        legend=alt.Legend(orient="bottom", gradientLength=160),
    )  # fmt: skip
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#000000"))
    base = alt.Chart(rows[["target", "task", "kappa", "text", "dark"]])
    every = pd.DataFrame(itertools.product(targets, dict.fromkeys(rows["task"])), columns=["target", "task"])
    return alt.layer(
        alt.Chart(every).mark_rect(fill=EMPTY, stroke="#ffffff").encode(x=x, y=y),
        base.mark_rect(stroke="#ffffff").encode(x=x, y=y, color=colour),
        base.mark_text(fontSize=11).encode(x=x, y=y, text="text:N", color=ink),
    ).properties(width=alt.Step(44), height=alt.Step(24), title=alt.TitleParams(heading, fontSize=12))
