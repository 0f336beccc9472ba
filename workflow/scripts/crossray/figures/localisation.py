"""Figure: localisation scores of attribution maps, internal and external, beside chance and random weights."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, HOME, METHODS, QUIET, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import MEAN_OF_TASKS

_KINDS = ["internal", "external", "random weights"]
#: measure -> what its axis says
_MEASURES = {
    "pointing": "pointing game (share of images with the peak in the finding)",
    "overlap": "overlap with the finding (intersection over union)",
    "mass": "share of the evidence inside the finding",
}


def draw(localisation: pd.DataFrame, localisation_summary: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a strip of pairs for each method and measure, and for each task by the first method.

    Args:
        localisation: ``localisation.csv``.
        localisation_summary: ``localisation_summary.csv``.
        settings: models, members, methods.
    """
    model, first = settings.models[0], settings.methods[0]
    rows = localisation[(localisation["model"] == model) & localisation["score"].notna()]
    if rows.empty:
        return nothing("No localisation can be measured", "No target has enough images with an annotated region.")
    home = pd.Series([row.target in settings.members[row.source] for row in rows.itertuples()], rows.index)
    place = home.map({True: _KINDS[0], False: _KINDS[1]}).mask(rows["weights"] == "random", _KINDS[2])
    rows = rows.assign(kind=place, method=rows["method"].map(METHODS))
    is_mean = rows["task"] == MEAN_OF_TASKS
    means, tasks = rows[is_mean], rows[~is_mean & (rows["method"] == METHODS[first])]
    upper = [_panel(means[means["measure"] == name], "method", words) for name, words in _MEASURES.items()]
    lower = [_panel(tasks[tasks["measure"] == name], "task", words) for name, words in _MEASURES.items()]
    chart = alt.vconcat(
        alt.hconcat(*upper, spacing=24),
        alt.hconcat(*lower, spacing=24).properties(
            title=alt.TitleParams(f"Each finding, by {METHODS[first]}", fontSize=12, anchor="start")
        ),
        spacing=24,
    )
    caption = (
        "Every point is a model on a target, above as the mean over the findings annotated there, with the 95% "
        "interval over patients; the same images for all models. Random weights: the same networks with every layer "
        "reinitialised. The black line beside each point is chance: the score of as many randomly placed pixels. "
        "Counts and the score of a blob in the centre of the image are in the table."
    )
    reading = (
        "The further a point lies to the right of its line, the more of the evidence lies in the finding. If random "
        "weights also exceed chance, the method highlights such regions whatever the model has learnt."
    )
    summary = localisation_summary[localisation_summary["model"] == model].set_index(
        ["method", "weights", "measure", "place"]
    )
    return Figure(chart, _title(summary, first), caption, reading)


def _panel(rows: pd.DataFrame, by: str, words: str) -> alt.LayerChart:
    x = alt.X("score:Q", title=words.split(" (")[0], scale=alt.Scale(zero=True))
    y = alt.Y(f"{by}:N", title=None, sort=list(dict.fromkeys(rows[by])))
    offset = alt.YOffset("kind:N", scale=alt.Scale(domain=_KINDS))
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(domain=_KINDS, range=[HOME, AWAY, QUIET]))
    shape = alt.Shape("kind:N", title=None, scale=alt.Scale(domain=_KINDS, range=["square", "circle", "cross"]))
    base = alt.Chart(rows[[by, "kind", "score", "score_low", "score_high", "chance"]])
    return alt.layer(
        base.mark_tick(color="#000000", thickness=2, size=12).encode(x="chance:Q", y=y, yOffset=offset),
        base.mark_rule(opacity=0.35).encode(x="score_low:Q", x2="score_high:Q", y=y, yOffset=offset, color=colour),
        base.mark_point(filled=True, size=50, opacity=0.8).encode(x=x, y=y, yOffset=offset, color=colour, shape=shape),
    ).properties(width=230, height=alt.Step(18))


def _title(summary: pd.DataFrame, method: str) -> str:
    """State the result of the pointing game for the first method."""
    words = []
    for place, kind in zip(("at home", "elsewhere"), _KINDS, strict=False):
        row = summary.loc[(method, "trained", "pointing", place)]
        if row["pairs"]:
            words.append(f"{row['score']:.0%} of {kind} test images (chance {row['chance']:.0%})")
    if not words:
        return "No localisation can be measured"
    return f"By {METHODS[method]}, the peak lies in the finding in {' and '.join(words)}"
