"""Figure: net benefit of acting on a model's outputs, against treating everybody and nobody."""

import altair as alt
import pandas as pd

from crossray.figures.style import DATASET_COLOURS, QUIET, Figure, left_out, names_of, nothing, panels_of
from crossray.reasons import REASONS
from crossray.study.stages.draw_figure import DrawFigure

_BETTER = "better than both"
_ALL, _NONE = "everybody", "nobody"
#: models and panels that are drawn, at most
_MOST_MODELS, _MOST_PANELS = len(DATASET_COLOURS), 12
#: models of a panel whose intervals can be told apart
_MOST_BANDS = 3


def draw(decision_curve: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a panel for each task and target, a curve for each model.

    Args:
        decision_curve: ``decision_curve.csv``.
        settings: models, counted.
    """
    cells = decision_curve[decision_curve["model"].isin(settings.models)]
    rows = cells[cells["net_benefit"].notna()]
    why = _why(cells)
    if rows.empty:
        return nothing("No decision curve can be drawn", why or "No cell of the study has a number.")
    rows = rows.assign(name=names_of(rows), panel=rows["task"] + " at " + rows["target"])
    names = list(dict.fromkeys(rows["name"]))
    models, others = names[:_MOST_MODELS], names[_MOST_MODELS:]
    shown = rows[rows["name"].isin(models)]
    panels, more = panels_of(shown, _MOST_PANELS)
    charts = [_panel(shown[shown["panel"] == panel], panel, models) for panel in panels]
    title = _title(rows[~rows["target"].isin(settings.counted)])
    origins = {"test images": "that of the test images", "the configuration": "that of the configuration"}
    shares = " or ".join(origins[name] for name in dict.fromkeys(rows["prevalence_from"]))
    caption = (
        "Net benefit: findings called rightly less false alarms, weighed by the odds of the threshold, of 100 images; "
        f"the prevalence is {shares}. Intervals: 95%, by MOVER from Wilson's of the two shares, patients as clusters, "
        f"for one threshold at a time; drawn in panels of at most {_MOST_BANDS} models, and in the table. Use is told "
        "where those of the net benefit and of its difference from treating all lie above 0. "
        f"{why}{_counted(rows, settings)}{left_out(others, 'as colours are few')}{more}"
    )
    reading = (
        "Choose the threshold first: at 10%, nine false alarms weigh as much as one missed finding. A model is of use "
        "there if its curve lies above both grey lines. A net benefit of 2 is worth two findings of 100 images without "
        "a false alarm."
    )
    return Figure(alt.concat(*charts, columns=3, spacing=24), title, caption.strip(), reading)


def _title(rows: pd.DataFrame) -> str:
    """Say of how many curves an interval tells that they are of use."""
    if rows.empty:
        return "Net benefit by counts of sites, without intervals"
    better = rows["finding"].eq(_BETTER).groupby([rows["name"], rows["panel"]])
    somewhere, everywhere = int(better.any().sum()), int(better.all().sum())
    title = f"More use than treating everybody or nobody: {somewhere} of {better.ngroups} curves at some threshold"
    return f"{title}, {everywhere} at each" if somewhere else title


def _counted(rows: pd.DataFrame, settings: DrawFigure) -> str:
    """Say of which targets there are curves without an interval."""
    names = [name for name in settings.counted if name in set(rows["target"])]
    if not names:
        return ""
    return f"Of sites that send counts ({', '.join(names)}) there are no intervals, and use is not told. "


def _why(cells: pd.DataFrame) -> str:
    """Say how many cells have no curve, and why."""
    counts = cells["reason"].dropna().value_counts(sort=False)
    return "".join(f"{count} have none: {REASONS[code]} ({code}). " for code, count in counts.items())


def _panel(rows: pd.DataFrame, title: str, models: list[str]) -> alt.LayerChart:
    numbers = ["net_benefit", "net_benefit_low", "net_benefit_high", "treat_all"]
    rows = rows.assign(**{name: 100 * rows[name] for name in numbers}, at=100 * rows["threshold"])
    top = float(rows[["net_benefit_high", "net_benefit"]].max().max())
    ends = [-0.35 * top, 1.05 * top]
    x = alt.X("at:Q", title="acts from this probability on, %", axis=alt.Axis(tickCount=5), scale=alt.Scale(nice=False))
    scale = alt.Scale(domain=ends, nice=False)
    y = alt.Y("net_benefit:Q", title="net benefit, of 100 images (higher is better)", scale=scale)
    colour = alt.Color("name:N", title=None, scale=alt.Scale(domain=models, range=DATASET_COLOURS[: len(models)]),
                       legend=alt.Legend(orient="bottom", columns=3))  # fmt: skip
    first = rows[rows["name"] == rows["name"].iloc[0]]
    parts = [first.assign(net_benefit=first["treat_all"], treated=_ALL), first.assign(net_benefit=0.0, treated=_NONE)]
    others = pd.concat(parts)[["at", "net_benefit", "treated"]]
    dash = alt.StrokeDash("treated:N", title="treated", scale=alt.Scale(domain=[_ALL, _NONE], range=[[6, 3], [2, 3]]),
                          legend=alt.Legend(orient="bottom"))  # fmt: skip
    base = alt.Chart(rows[["name", "at", "net_benefit", "net_benefit_low", "net_benefit_high"]])
    low, high = alt.Y("net_benefit_low:Q"), alt.Y2("net_benefit_high")
    bands = base.mark_area(opacity=0.15, clip=True).encode(x=x, y=low, y2=high, color=colour)
    return alt.layer(
        *([bands] if rows["name"].nunique() <= _MOST_BANDS else []),
        alt.Chart(others).mark_line(color=QUIET, clip=True, strokeWidth=1.5).encode(x=x, y=y, strokeDash=dash),
        base.mark_line(clip=True, strokeWidth=2).encode(x=x, y=y, color=colour),
    ).properties(width=220, height=180, title=title)
