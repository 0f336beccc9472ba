"""Figure: the effect of corrections and other training methods, by verdict."""

import altair as alt
import pandas as pd

from crossray.figures.shift_colours import CAUSE_COLOURS, CAUSE_WORDS, VERDICT_COLOURS
from crossray.figures.style import Figure, nothing, signed
from crossray.study.stages.draw_figure import DrawFigure

#: correction -> what the figure calls it; what is none of these is a model
_WORDS = {
    "polarity": "polarity matched to the source",
    "resolution": "blur and noise matched to the source",
    "batch norm": "batch norm of the target",
    "implied prevalence": "prevalence implied by the images",
    "recalibrated": "recalibrated on half of the labels",
}
_SHORT = {"polarity": "matching the polarity", "resolution": "matching blur and noise",
          "batch norm": "the target's batch norm", "implied prevalence": "the implied prevalence",
          "recalibrated": "recalibration"}  # fmt: skip
_REST = "no cause named"
_COMPOUND = "labels or unseen images"
_NAMED = {**CAUSE_WORDS, "concept": "label rule", _COMPOUND: _COMPOUND}
_GROUPS = {**_NAMED, _REST: _REST}
_COLOURS = [*CAUSE_COLOURS.values(), VERDICT_COLOURS[_COMPOUND], "#6b7280"]
_SHAPES = ["circle", "cross", "square", "diamond", "triangle-down", "triangle-up"]
_ROW = 58


def draw(corrections_by_verdict: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a row for each correction, a mark for each verdict, and the correlation of gains with each term.

    Args:
        corrections_by_verdict: ``corrections_by_verdict.csv``.
        settings: models, resamples.
    """
    table = corrections_by_verdict
    rows = table[(table["metric"] == "log-loss") & (table["model"] == settings.models[0])]
    if rows.empty:
        return nothing("No correction can be measured", "No pair and task has a verdict.")
    rows = rows.assign(row=rows["correction"].map(_WORDS).fillna("trained as " + rows["correction"]))
    given = rows[(rows["verdict"] != "all") & (rows["cells"] > 0)]
    given = given.assign(cause=given["verdict"].map(_GROUPS))
    order = list(dict.fromkeys(rows["row"]))
    chart = alt.hconcat(_gains(given, order), _correlations(rows[rows["verdict"] == "all"], order), spacing=18)
    counts = given.drop_duplicates("cause").set_index("cause")["cells"]
    cells = ", ".join(f"{cause} {counts[cause]}" for cause in _GROUPS.values() if cause in counts)
    caption = (
        f"Log-loss recovered by each correction, mean over the cells of each verdict ({cells}), with 95% "
        f"intervals of {settings.resamples:,} paired resamples of patients; below zero it harms. Corrections of "
        "images, batch norm and the implied prevalence use no label of the target; recalibration is fitted to the "
        "labels of half of its patients and evaluated on the others. Right: rank correlation of the recovered log-loss "
        "with each term, over all cells."
    )
    reading = (
        "A correction of images should help if images are the cause and not against a label rule; a new prior should "
        "help if prevalence is the cause. Otherwise, the verdict or the correction is wrong."
    )
    return Figure(chart, _title(given), caption, reading)


def _title(given: pd.DataFrame) -> str:
    """Name the correction that recovers most for each cause, and how much."""
    best: dict[str, list[str]] = {}
    for cause in _NAMED.values():
        here = given[(given["cause"] == cause) & (given["returned_low"] > 0)]
        if len(here):
            row = here.loc[here["returned"].idxmax()]
            best.setdefault(_SHORT.get(row["correction"], row["correction"]), []).append(
                f"{signed(row['returned'])} nats for {cause}"
            )
    if not best:
        if not given["cause"].isin(list(_NAMED.values())).any():
            return "No verdict names a cause, so no correction can be tested"
        return "No correction recovers anything: no interval lies above zero"
    return "Most is recovered by " + ", by ".join(f"{name} ({', '.join(parts)})" for name, parts in best.items())


def _gains(given: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    present = [cause for cause in _GROUPS.values() if (given["cause"] == cause).any()]
    places = [list(_GROUPS.values()).index(cause) for cause in present]
    y = alt.Y("row:N", title=None, sort=order, scale=alt.Scale(domain=order), axis=alt.Axis(labelLimit=260))
    offset = alt.YOffset("cause:N", scale=alt.Scale(domain=present))
    colour = alt.Color("cause:N", title="verdict",
                       scale=alt.Scale(domain=present, range=[_COLOURS[place] for place in places]))  # fmt: skip
    shape = alt.Shape("cause:N", title="verdict",
                      scale=alt.Scale(domain=present, range=[_SHAPES[place] for place in places]))  # fmt: skip
    shown = given[["row", "cause", "cells", "returned", "returned_low", "returned_high"]]
    base = alt.Chart(shown)
    zero = alt.Chart(pd.DataFrame({"returned": [0.0]})).mark_rule(color="#9ca3af", strokeDash=[4, 3])
    return alt.layer(
        zero.encode(x="returned:Q"),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("returned_low:Q", title="log-loss given back, nats"), x2="returned_high:Q", y=y, yOffset=offset,
            color=colour,
        ),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x="returned:Q", y=y, yOffset=offset, color=colour, shape=shape
        ),
    ).properties(width=330, height=_ROW * len(order))  # fmt: skip


def _correlations(rows: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    """Draw the rank correlations as a small table."""
    columns = {f"with_{cause}": words for cause, words in CAUSE_WORDS.items()}
    cells = rows.melt("row", list(columns), "term", "value").assign(term=lambda table: table["term"].map(columns))
    cells["text"] = cells["value"].map(lambda value: "" if value != value else f"{value:+.2f}")
    x = alt.X("term:N", title=["rank correlation", "with the term"], sort=list(columns.values()),
              axis=alt.Axis(labelAngle=0, domain=False, ticks=False))  # fmt: skip
    y = alt.Y("row:N", title=None, sort=order, scale=alt.Scale(domain=order), axis=None)
    return alt.layer(alt.Chart(cells).mark_text(fontSize=12).encode(x=x, y=y, text="text:N")).properties(
        width=190, height=_ROW * len(order)
    )
