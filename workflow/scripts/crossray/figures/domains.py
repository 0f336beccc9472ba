"""Figure: leave one domain out. Models of the target's own data, of all other domains, and of all."""

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, left_out, nothing
from crossray.study.stages.draw_figure import DrawFigure

_CONDITIONS = ["own domain", "all other domains", "all domains"]
_COLOURS = ["#332288", "#bd1f01", "#01665e"]
_SHAPES = ["circle", "square", "diamond"]


def draw(domains: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the three conditions of each target.

    Args:
        domains: ``domains.csv``.
        settings: models, targets, seeds.
    """
    rows = domains[domains["model"] == settings.models[0]]
    if rows.empty:
        return nothing("No domain was left out", "No target shares a measured task with a model that leaves it out.")
    rows = rows.assign(name=rows["target"] + " (" + rows["tasks"].astype(str) + " tasks)")
    spread = rows.assign(low=rows["auc"] - rows["sd"], high=rows["auc"] + rows["sd"])
    y = alt.Y("name:N", title="tested on", sort=list(dict.fromkeys(rows["name"])))
    offset = alt.YOffset("condition:N", scale=alt.Scale(domain=_CONDITIONS))
    colour = alt.Color("condition:N", title="trained on", scale=alt.Scale(domain=_CONDITIONS, range=_COLOURS))
    shape = alt.Shape("condition:N", title="trained on", scale=alt.Scale(domain=_CONDITIONS, range=_SHAPES))
    x = alt.X("reported_auc:Q", title="mean AUC (higher is better)", scale=alt.Scale(zero=False))
    base = alt.Chart(rows)
    layers = [
        base.mark_rule(strokeWidth=2).encode(x="auc_low:Q", x2="auc_high:Q", y=y, yOffset=offset, color=colour),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=y, yOffset=offset, color=colour, shape=shape),
    ]
    if spread["sd"].notna().any():
        bars = alt.Chart(spread).mark_rule(strokeWidth=7, opacity=0.3)
        layers.insert(0, bars.encode(x="low:Q", x2="high:Q", y=y, yOffset=offset, color=colour))
    chart = alt.layer(*layers).properties(width=430, height=alt.Step(22))
    table = rows.pivot_table(index="target", columns="condition", values="reported_auc")
    several = len(settings.seeds) > 1
    caption = (
        "Mean over the tasks that all three can be measured on. Thin line: 95% interval over "
        "the target's patients"
        + (f", and over trainings from three on, of the mean of {len(settings.seeds)} seeds; wide bar: one "
           "standard deviation of the mean over single seeds." if several else "; one seed was trained.")
        + " A domain is left out with all other data sets of its patients."
        + left_out([name for name in settings.targets if name not in set(rows["target"])],
                   "which no measured model leaves out")
    )  # fmt: skip
    reading = "If all domains are no better than the target's own domain, other hospitals' data add nothing here."
    return Figure(chart, _title(table), caption, reading)


def _title(table: pd.DataFrame) -> str:
    if not {"own domain", "all other domains"} <= set(table):
        return "Training on all other hospitals"
    lost = (table["own domain"] - table["all other domains"]).mean()
    words = f"Without the target's own data the mean AUC is {abs(lost):.2f} {'lower' if lost > 0 else 'higher'}"
    if "all domains" not in table:
        return words
    gained = (table["all domains"] - table["own domain"]).mean()
    return (
        f"{words}; with all data it is {abs(gained):.2f} {'higher' if gained > 0 else 'lower'} than with the target's"
    )
