"""Figure: the accuracy of each model on each target, with intervals."""

import math

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, Figure, nothing, with_interval
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import reported

#: column of the table -> title of a panel
PANELS = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "top5_accuracy": "top-5 accuracy",
    "auc": "AUC, one-vs-rest",
}


def draw(classes: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a forest of every model on every target, one panel a measure.

    Args:
        classes: ``classes.csv``.
        settings: models, members, resamples.
    """
    shown = reported(classes)
    measured = shown[shown["accuracy"].notna()].sort_values(["model", "source"], kind="stable")
    if measured.empty:
        return nothing("No accuracy can be measured", "No target has enough images of classes that a model learnt.")
    several = len(settings.models) > 1
    names = [f"{row.source} to {row.target}" + (f", {row.model}" if several else "") for row in measured.itertuples()]
    home = [row.target in settings.members[row.source] for row in measured.itertuples()]
    rows = measured.assign(name=names, place=["internal" if here else "external" for here in home])
    wanted = {column: title for column, title in PANELS.items() if rows[column].notna().any()}
    panels = [_panel(rows, column, title, first=not number) for number, (column, title) in enumerate(wanted.items())]
    caption = (
        f"{len(rows)} of {len(shown)} pairs of a source and a target can be measured. Accuracy is the share of test "
        "images for which the model ranks the true class first, with Wilson's 95% interval, patients as clusters; "
        f"F1 has its own from {settings.resamples:,} resamples of patients. Grey: score of always predicting "
        "the commonest class. Scales differ. Images of classes that the source does not have are left out."
    )
    reading = "A drop shows as blue circles left of the dark squares of the same source."
    return Figure(alt.hconcat(*panels, spacing=16), _title(rows), caption, reading)


def _panel(rows: pd.DataFrame, column: str, title: str, first: bool) -> alt.LayerChart:
    axis = alt.Axis(labelPadding=8) if first else None
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=axis)
    least = rows[[f"{column}_low", *(["majority"] if column == "accuracy" else [])]].min(axis=None)
    scale = alt.Scale(domain=[math.floor(least * 20) / 20, 1])

    def x(of: str) -> alt.X:
        return alt.X(f"{of}:Q", title=title, scale=scale)

    place = {"domain": ["internal", "external"]}
    colour = alt.Color("place:N", title=None, scale=alt.Scale(**place, range=[HOME, AWAY]),
                       legend=alt.Legend(orient="bottom"))  # fmt: skip
    shape = alt.Shape("place:N", title=None, scale=alt.Scale(**place, range=["square", "circle"]))
    base = alt.Chart(rows[["name", "place", "majority", column, f"{column}_low", f"{column}_high"]])
    layers = [
        base.mark_rule(strokeWidth=2).encode(x=x(f"{column}_low"), x2=f"{column}_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x(column), y=y, color=colour, shape=shape),
    ]
    if column == "accuracy":
        layers.insert(0, base.mark_tick(thickness=3, size=16, color="#9ca3af").encode(x=x("majority"), y=y))
    return alt.layer(*layers).properties(width=210, height=alt.Step(26))


def _title(rows: pd.DataFrame) -> str:
    """State the range of internal and external accuracies."""
    parts = []
    for place in ("internal", "external"):
        here = rows[rows["place"] == place]["accuracy"]
        if len(here) == 1:
            row = rows[rows["place"] == place].iloc[0]
            parts.append(f"{with_interval(row['accuracy'], row['accuracy_low'], row['accuracy_high'], 3)} {place}")
        elif len(here):
            parts.append(f"{here.min():.3f} to {here.max():.3f} {place}")
    return f"Accuracy {', '.join(parts)}"
