"""Figure: the verdict on each pair, task by task."""

import altair as alt
import pandas as pd

from crossray.figures.shift_colours import VERDICT_COLOURS, VERDICT_LETTERS
from crossray.figures.style import EMPTY, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

_WORDS = {"prevalence": "P prevalence", "case_mix": "M case mix", "image": "I images",
          "labels or unseen images": "U labels or unseen images", "concept": "C label rule",
          "no harm": "+ present, no harm",
          "no shift": "= no shift", "no shift found": "~ no shift found", "cannot tell": "? cannot tell"}  # fmt: skip
_PANELS = {"log-loss": "by log-loss", "AUC": "by AUC"}
_WHITE = ("case_mix", "image", "concept")


def draw(shift: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a map of verdicts, pairs down, tasks across.

    Args:
        shift: ``shift.csv``.
        settings: models, tasks.
    """
    rows = shift[shift["model"] == settings.models[0]]
    if rows["verdict"].isna().all():
        why = "No pair has a task with enough positives and negatives at both places."
        return nothing("No verdict on images or labels", why)
    rows = rows.assign(
        pair=rows["source"] + " to " + rows["target"],
        text=rows["verdict"].map(VERDICT_LETTERS).fillna(rows["reason"]),
        shown=rows["verdict"].map(_WORDS).fillna("no number"),
        white=rows["verdict"].isin(_WHITE),
    )
    chart = alt.hconcat(*(_panel(rows[rows["metric"] == name], name, settings) for name in _PANELS), spacing=24)
    given = rows[rows["verdict"].notna() & (rows["metric"] == "log-loss")]["verdict"].value_counts()
    told = ", ".join(f"{_WORDS[name][2:]} {given[name]}" for name in VERDICT_LETTERS if name in given)
    caption = (
        "The verdict on each pair and task, by log-loss and by AUC. A cause is named if it is significant (false "
        "discovery rate controlled over all cells), harmful, and the largest in at least four of five resamples. One "
        "labelling cannot distinguish another label rule from image differences that the features do not show; these "
        "have one verdict. Grey letters without a colour are reasons for missing numbers."
    )
    reading = (
        "The AUC depends neither on prevalence nor, as a rule, on the labelling threshold: a cell that is reddish on "
        "the left and pale on the right needs recalibration, not another model."
    )
    return Figure(chart, f"Images or labels? {told[0].upper()}{told[1:]}", caption, reading)


def _panel(rows: pd.DataFrame, metric: str, settings: DrawFigure) -> alt.LayerChart:
    x = alt.X("task:N", title=None, sort=list(settings.tasks),
              axis=alt.Axis(orient="top", labelAngle=-40, domain=False, ticks=False))  # fmt: skip
    first = metric == next(iter(_PANELS))
    y = alt.Y("pair:N", title=None, sort=list(dict.fromkeys(rows["pair"])),
              axis=alt.Axis(domain=False, ticks=False) if first else None)  # fmt: skip
    names = [*VERDICT_LETTERS, None]
    scale = alt.Scale(domain=[_WORDS[name] if name else "no number" for name in names],
                      range=[VERDICT_COLOURS[name] if name else EMPTY for name in names])  # fmt: skip
    base = alt.Chart(rows[["task", "pair", "text", "shown", "white"]]).encode(x=x, y=y)
    ink = alt.condition("datum.white", alt.value("#ffffff"), alt.value("#000000"))
    return alt.layer(
        base.mark_rect(stroke="#ffffff", strokeWidth=1.5).encode(
            color=alt.Color("shown:N", title="verdict", scale=scale)
        ),
        base.mark_text(fontSize=11, fontWeight=600).encode(text="text:N", color=ink),
    ).properties(width=alt.Step(30), height=alt.Step(22), title=alt.TitleParams(_PANELS[metric], fontSize=12))
