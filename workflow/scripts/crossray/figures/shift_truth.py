"""Figure: simulated and estimated causes of drops at simulated hospitals."""

import altair as alt
import pandas as pd

from crossray.figures.shift_colours import CAUSE_COLOURS, CAUSE_WORDS
from crossray.figures.style import Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

_KINDS = {**CAUSE_WORDS, "mixture": "mixture", "nothing": "nothing", "site mark": "site mark",
          "along severity": "along severity"}  # fmt: skip
_COLOURS = [*CAUSE_COLOURS.values(), "#663333", "#9ca3af", "#cc79a7", "#111827"]
_SHAPES = ["circle", "stroke", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-right"]
#: nats that an axis has to either side of 0 at least
_LEAST = 0.02
_OUTCOMES = {"right": "#01665e", "abstained": "#d1d5db", "wrong": "#d55e00"}


def draw(shift_truth: pd.DataFrame, shift_acceptance: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw estimated against simulated terms, and the outcomes of verdicts.

    Args:
        shift_truth: ``shift_truth.csv``.
        shift_acceptance: ``shift_acceptance.csv``.
        settings: models.
    """
    rows = shift_truth[(shift_truth["metric"] == "log-loss") & (shift_truth["model"] == settings.models[0])]
    if rows.empty:
        return nothing("No verdict can be checked", "No two hospitals of one seed have a verdict.")
    panels = alt.hconcat(*(_panel(rows, cause) for cause in CAUSE_WORDS), spacing=22)
    chart = alt.vconcat(panels, _bars(rows), spacing=26).resolve_scale(color="independent", shape="independent")
    asked = shift_acceptance[shift_acceptance["met"].notna()]
    met = [
        f"by {metric} {int((part['met'].astype(str) == 'True').sum())} of {len(part)}"
        for metric, part in asked.groupby("metric", sort=False)
    ]
    caption = (
        f"{len(rows)} cells (pairs of simulated hospitals of one seed, and a task), by log-loss. Planted: the cost of "
        "the simulation's settings, computed from the true severities in the method's order; 0 where nothing of the "
        "kind was planted. Criteria that are met, of those that these hospitals can test (the table of acceptance): "
        f"{', '.join(met) or 'none can be tested'}."
    )
    reading = (
        "Points on the dashed line were estimated as planted. Below, orange are verdicts that confidently name a wrong "
        "cause, grey those that abstain or find no harm."
    )
    shares = rows["outcome"].value_counts(normalize=True).reindex(list(_OUTCOMES), fill_value=0)
    title = (
        f"On hospitals with known truth, {shares['right']:.0%} of the verdicts are right, {shares['abstained']:.0%} "
        f"abstain and {shares['wrong']:.0%} are wrong"
    )
    return Figure(chart, title, caption, reading)


def _panel(rows: pd.DataFrame, cause: str) -> alt.LayerChart:
    shown = rows[[f"planted_{cause}", f"found_{cause}"]].round(6).set_axis(["planted", "found"], axis=1)
    shown = shown.assign(kind=rows["kind"].map(_KINDS))
    values = [*shown["planted"], *shown["found"]]
    ends = [min(*values, -_LEAST), max(*values, _LEAST)]
    line = alt.Chart(pd.DataFrame({"planted": ends, "found": ends})).mark_line(color="#9ca3af", strokeDash=[4, 3])
    x, y = alt.X("planted:Q", title="planted, nats"), alt.Y("found:Q", title="found, nats")
    kinds = [kind for kind in _KINDS.values() if (shown["kind"] == kind).any()]
    places = [list(_KINDS.values()).index(kind) for kind in kinds]
    points = alt.Chart(shown).mark_point(size=26, opacity=0.8, strokeWidth=1.2)
    colour = alt.Scale(domain=kinds, range=[_COLOURS[place] for place in places])
    shape = alt.Scale(domain=kinds, range=[_SHAPES[place] for place in places])
    return alt.layer(
        line.encode(x=x, y=y),
        points.encode(x=x, y=y, color=alt.Color("kind:N", title="planted", scale=colour),
                      shape=alt.Shape("kind:N", title="planted", scale=shape)),
    ).properties(width=200, height=200, title=alt.TitleParams(CAUSE_WORDS[cause], fontSize=12))  # fmt: skip


def _bars(rows: pd.DataFrame) -> alt.Chart:
    counts = rows.groupby(["kind", "seed", "outcome"]).size().rename("cells").reset_index()
    counts["row"] = counts["kind"].map(_KINDS) + ", seed " + counts["seed"].astype(str)
    counts["order"] = counts["outcome"].map({name: place for place, name in enumerate(_OUTCOMES)})
    order = [f"{kind}, seed {seed}" for kind in _KINDS.values() for seed in sorted(set(counts["seed"]))]
    scale = alt.Scale(domain=list(_OUTCOMES), range=list(_OUTCOMES.values()))
    return (
        alt.Chart(counts)
        .mark_bar(height=13)
        .encode(
            x=alt.X("cells:Q", title="cells"),
            y=alt.Y("row:N", title="planted", sort=order),
            color=alt.Color("outcome:N", title="verdict", scale=scale, sort=None),
            order="order:Q",
        )
        .properties(width=640, height=alt.Step(18))
    )
