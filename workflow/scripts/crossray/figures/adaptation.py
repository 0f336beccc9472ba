"""Figure: what local images are worth, way by way."""

import altair as alt
import pandas as pd

from crossray.figures.adaptation_text import GOALS, LOG_LOSS, WAYS, title
from crossray.figures.style import QUIET, Figure, names_of, nothing
from crossray.study.stages.draw_figure import DrawFigure
from crossray.study.ways import AS_IT_IS
from crossray.tables import MEAN_OF_TASKS

#: way -> colour and shape of its curve
_COLOURS = ["#332288", "#bd1f01", "#01665e", "#578dff", "#cc79a7", "#663333"]
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
#: factor between ways with equally many images
_APART = 1.035
#: pairs that there is room for
_PANELS = 6


def draw(adaptation: pd.DataFrame, adaptation_advice: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a row of panels for each pair, a panel for each goal, a curve with intervals for each way.

    Args:
        adaptation: ``adaptation.csv``.
        adaptation_advice: ``adaptation_advice.csv``.
        settings: resamples.
    """
    known = adaptation[adaptation["value"].notna() & adaptation["metric"].isin(list(GOALS))]
    if known.empty:
        return nothing("What local images are worth cannot be measured", "No pair and task has a number.")
    known = _shown(known).assign(panel=lambda rows: names_of(rows) + " at " + rows["target"] + ", " + rows["task"])
    names = list(dict.fromkeys(known["panel"]))
    present = [way for way in WAYS if (known["way"] == way).any()]
    rows = [_row(known[known["panel"] == name], name, present) for name in names[:_PANELS]]
    more = f" {len(names) - _PANELS} more pairs are in the table." if len(names) > _PANELS else ""
    caption = (
        "Test images of the target, which no way saw, against the number of its labelled images that were used (log "
        "scale); the last is all of its training and validation images. Curves: means over samples, with 95% "
        f"intervals over {settings.resamples:,} resamples of test patients and samples; dashed, with its interval in "
        f"grey: the model as it is. A curve that leaves the panel is much worse.{more}"
    )
    reading = (
        "A way is worth its images where its interval is on the better side of the dashed line: above it for AUC and "
        "balanced accuracy, below it for log-loss. Threshold and recalibration change no ranking, so they have no AUC "
        "of their own."
    )
    return Figure(alt.vconcat(*rows, spacing=26), title(adaptation, adaptation_advice), caption, reading)


def _shown(known: pd.DataFrame) -> pd.DataFrame:
    """Return the means over tasks, or the only task."""
    means = known[known["task"] == MEAN_OF_TASKS]
    pairs = ["model", "source", "target"]
    averaged = set(means[pairs].itertuples(index=False, name=None))
    alone = ~pd.Series([pair in averaged for pair in known[pairs].itertuples(index=False, name=None)], known.index)
    return known[alone | (known["task"] == MEAN_OF_TASKS)]


def _row(rows: pd.DataFrame, name: str, present: list[str]) -> alt.HConcatChart:
    metrics = [metric for metric in GOALS if (rows["metric"] == metric).any()]
    panels = [_panel(rows[rows["metric"] == metric], metric, present) for metric in metrics]
    return alt.hconcat(*panels, spacing=16).properties(title=alt.TitleParams(name, anchor="start", fontSize=13))


def _panel(rows: pd.DataFrame, metric: str, present: list[str]) -> alt.LayerChart:
    plain = rows[rows["way"] == AS_IT_IS][["value", "value_low", "value_high"]]
    curves = rows[rows["way"].isin([way for way in WAYS if metric in WAYS[way]])]
    sizes = sorted(set(curves["local_images"]))
    # Beside one another, so that no interval hides another.
    beside = curves["way"].map({way: _APART ** (place - len(present) / 2) for place, way in enumerate(present)})
    shown = curves[["way", "value", "value_low", "value_high"]].assign(images=curves["local_images"] * beside)
    x = alt.X("images:Q", title="local images", axis=alt.Axis(values=sizes, format="d", labelOverlap="greedy"),
              scale=alt.Scale(type="log", domain=[sizes[0] * 0.8, sizes[-1] * 1.25], nice=False))  # fmt: skip
    scale = alt.Scale(domain=_domain(curves, plain.iloc[0], metric), zero=False, nice=False)
    colour = alt.Color("way:N", title="way", scale=alt.Scale(domain=present, range=_COLOURS[: len(present)]))
    shape = alt.Shape("way:N", title="way", scale=alt.Scale(domain=present, range=_SHAPES[: len(present)]))
    base, still, y = alt.Chart(shown), alt.Chart(plain), alt.Y("value:Q", title=GOALS[metric], scale=scale)
    ends = {"y": alt.Y("value_low:Q", scale=scale), "y2": "value_high:Q"}
    return alt.layer(
        still.mark_rect(color=QUIET, opacity=0.15).encode(**ends),
        still.mark_rule(color=QUIET, strokeDash=[4, 3]).encode(y=y),
        base.mark_rule(strokeWidth=1.5, clip=True).encode(x=x, color=colour, **ends),
        base.mark_line(strokeWidth=2, clip=True).encode(x=x, y=y, color=colour),
        base.mark_point(filled=True, size=55, opacity=1, clip=True).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=260, height=240)


def _domain(curves: pd.DataFrame, plain: pd.Series, metric: str) -> list[float]:
    """Return the ends of the axis; log-losses go up to twice the model's own, as a training of a few images has any."""
    low = min(float(curves["value_low"].min()), float(plain["value_low"]))
    high = max(float(curves["value_high"].max()), float(plain["value_high"]))
    if metric == LOG_LOSS:
        high = min(high, 2 * float(plain["value_high"]))
    spare = 0.04 * (high - low)
    return [low - spare, high + spare]
