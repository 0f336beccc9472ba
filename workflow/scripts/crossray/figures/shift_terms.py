"""Figure: the drop of each pair split into prevalence, images and label rule, by both metrics."""

import altair as alt
import pandas as pd

from crossray.figures.shift_colours import CAUSE_COLOURS, CAUSE_WORDS
from crossray.figures.style import INK, Figure, nothing, signed
from crossray.study.stages.draw_figure import DrawFigure

_METRICS = {"log-loss": "log-loss, nats", "AUC": "1 - AUC"}


def draw(shift: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw stacked bars, one per pair, the targets below one another.

    Args:
        shift: ``shift.csv``.
        settings: models, sources, targets.
    """
    rows = shift[(shift["model"] == settings.models[0]) & shift["drop"].notna()]
    if rows.empty:
        why = "No pair has a task with enough positives and negatives at both places."
        return nothing("No drop can be split into its causes", why)
    means = rows.groupby(["metric", "target", "source"], sort=False)[["drop", *CAUSE_COLOURS]].mean().reset_index()
    counts = rows.groupby(["target", "source"])["task"].nunique()
    targets = [name for name in settings.targets if (means["target"] == name).any()]
    columns = [
        alt.vconcat(
            *(_bars(means[(means["metric"] == metric) & (means["target"] == target)], target, metric, settings,
                    target == targets[-1])
              for target in targets),
            spacing=10,
        ).resolve_scale(x="shared")
        for metric in _METRICS
    ]  # fmt: skip
    caption = (
        "Terms of the difference between internal and external test, mean over tasks; they add up to the diamond. "
        "Prevalence: positives are as common as at the target. Images: harder or new images at that prevalence. "
        "Labels or unseen images: other labels on images that look alike in the features. The AUC does not depend on "
        "prevalence. "
        f"{len(counts)} pairs with {counts.min()} to {counts.max()} tasks each; intervals and single tasks are in "
        "shift.csv."
    )
    reading = "Right of zero, a cause makes the model worse at the target; a bar to the left offsets bars to the right."
    return Figure(alt.hconcat(*columns, spacing=26), _title(means), caption, reading)


def _bars(rows: pd.DataFrame, target: str, metric: str, settings: DrawFigure, last: bool) -> alt.LayerChart:
    sources = [name for name in settings.sources if (rows["source"] == name).any()]
    parts = rows.melt(["source"], list(CAUSE_COLOURS), "cause", "value")
    parts["cause"] = parts["cause"].map(CAUSE_WORDS)
    scale = alt.Scale(domain=list(CAUSE_WORDS.values()), range=list(CAUSE_COLOURS.values()))
    y = alt.Y("source:N", title=None, sort=sources)
    title = f"drop ({_METRICS[metric]})" if last else None
    bars = alt.Chart(parts).mark_bar(height=13)
    zero = alt.Chart(pd.DataFrame({"value": [0.0]})).mark_rule(color="#9ca3af")
    return alt.layer(
        bars.encode(x=alt.X("value:Q", title=title, stack="zero"), y=y,
                    color=alt.Color("cause:N", title="cause", scale=scale, sort=None)),
        zero.encode(x="value:Q"),
        alt.Chart(rows[["source", "drop"]]).mark_point(shape="diamond", filled=True, size=70, color=INK, opacity=1)
        .encode(x="drop:Q", y=y),
    ).properties(width=250, height=alt.Step(20), title=alt.TitleParams(f"tested on {target}", fontSize=12))  # fmt: skip


def _title(means: pd.DataFrame) -> str:
    lost = means[means["metric"] == "log-loss"][list(CAUSE_COLOURS)].mean()
    parts = ", ".join(f"{CAUSE_WORDS[cause]} {signed(value)}" for cause, value in lost.items())
    return f"Increase in log-loss by cause, mean of all pairs: {parts} nats"
