"""Figure: Bland-Altman plots of the calibrated outputs of two models."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, label_word, nothing
from crossray.study.stages.draw_figure import DrawFigure

_KEYS = ["model", "target", "task", "first", "second"]


def draw(outputs: pd.DataFrame, output_points: pd.DataFrame, agreement: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw difference against mean for the pairs to show.

    Args:
        outputs: ``outputs.csv``.
        output_points: ``output_points.csv``.
        agreement: ``agreement.csv``, for kappa.
        settings: models.
    """
    if output_points.empty:
        return nothing("No two models can be compared", "No target and task can be measured with two models.")
    points = output_points.assign(
        mean=(output_points["first_output"] + output_points["second_output"]) / 2,
        difference=output_points["first_output"] - output_points["second_output"],
        label=[label_word(value) for value in output_points["label"]],
    )
    panels = []
    for key, part in points.groupby(_KEYS, sort=False):
        row = outputs[(outputs[_KEYS] == list(key)).all(axis=1)].iloc[0]
        panels.append(_panel(part, row, _kappa(agreement, row)))
    widest = outputs.assign(width=outputs["upper_limit"] - outputs["lower_limit"]).nlargest(1, "width").iloc[0]
    title = (
        f"{widest['task']} at {widest['target']}: outputs of {widest['first']} and {widest['second']} differ by "
        f"{widest['lower_limit']:.2f} to {widest['upper_limit']:.2f}"
    )
    caption = (
        "Outputs on the scale on which each model's operating point is 0.5 (equation 2 of the paper; thresholds from "
        "the source's validation split). Solid: mean difference; dashed: limits of agreement, mean ± 1.96 standard "
        "deviations; their intervals and all other pairs are in the table. Shown are the three pairs with the widest "
        "limits, each of another task, and the one with the narrowest, or those of the configuration; only a sample of "
        "images if there are many."
    )
    reading = "If two models agreed, points would lie in a narrow band around zero."
    return Figure(alt.concat(*panels, columns=2, spacing=28), title, caption, reading)


def _kappa(agreement: pd.DataFrame, row: pd.Series) -> str:
    ends = {row["first"], row["second"]}
    same = agreement[(agreement["model"] == row["model"]) & (agreement["target"] == row["target"])
                     & (agreement["task"] == row["task"]) & (agreement["kind"] == "sources")]  # fmt: skip
    found = [pair.kappa for pair in same.itertuples() if {pair.first, pair.second} == ends and pair.kappa == pair.kappa]
    return f", kappa {found[0]:.2f}" if found else ""


def _panel(points: pd.DataFrame, row: pd.Series, kappa: str) -> alt.LayerChart:
    x = alt.X("mean:Q", title="mean of both outputs", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5))
    within = [
        min(-1, row["lower_limit"] - 0.05),
        max(1, row["upper_limit"] + 0.05),
    ]  # limits may lie beyond what can be
    y = alt.Y("difference:Q", title=f"{row['first']} minus {row['second']}", scale=alt.Scale(domain=within))
    classes = ["negative", "positive"]
    colour = alt.Color("label:N", title="label", scale=alt.Scale(domain=classes, range=["#578dff", "#bd1f01"]))
    shape = alt.Shape("label:N", title="label", scale=alt.Scale(domain=classes, range=["circle", "cross"]))
    lines = pd.DataFrame({"difference": [row["difference"]]})
    limits = pd.DataFrame({"difference": [row["lower_limit"], row["upper_limit"]]})
    heading = f"{row['task']} at {row['target']}: {row['images']:,} images, {row['positives']:,} positive{kappa}"
    return alt.layer(
        alt.Chart(points[["mean", "difference", "label"]])
        .mark_point(size=22, opacity=0.7, filled=True)
        .encode(x=x, y=y, color=colour, shape=shape),
        alt.Chart(lines).mark_rule(color="#000000").encode(y="difference:Q"),
        alt.Chart(limits).mark_rule(color="#000000", strokeDash=[5, 4]).encode(y="difference:Q"),
    ).properties(width=290, height=220, title=alt.TitleParams(heading, fontSize=11))
