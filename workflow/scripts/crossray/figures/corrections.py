"""Figure: what corrections give back, against what the split says that images cost."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from crossray.figures.shift_colours import VERDICT_COLOURS
from crossray.figures.style import Figure, nothing, signed

_WORDS = {"histogram": "grey levels matched to the source", "batch norm": "batch norm of the target"}
_SHORT = {"histogram": "matching grey levels", "batch norm": "the target's batch norm"}
_SHAPES = ["diamond", "circle", "square", "triangle-up", "cross", "triangle-down", "triangle-right"]


def draw(corrections: pd.DataFrame, settings: Mapping[str, Any]) -> Figure:
    """Draw a panel for each correction.

    Args:
        corrections: ``corrections.csv``.
        settings: models, resamples.
    """
    rows = corrections[(corrections["metric"] == "log-loss") & (corrections["model"] == settings["models"][0])]
    if rows.empty:
        return nothing("No correction can be measured", "No pair and task has a verdict.")
    given = [name for name in VERDICT_COLOURS if (rows["verdict"] == name).any()]
    panels = [_panel(rows[rows["correction"] == name], words, given) for name, words in _WORDS.items()]
    to_blame = rows["verdict"].eq("image")
    given_back = {name: _means(rows[rows["correction"] == name], to_blame) for name in _WORDS}
    title = "Where images are to blame, " + " and ".join(
        f"{_SHORT[name]} gives back {images}" for name, (images, _) in given_back.items()
    )
    elsewhere = " and ".join(f"{others} by {_SHORT[name]}" for name, (_, others) in given_back.items())
    caption = (
        "Each mark is a pair and task. Across: the image term of the loss. Up: log-loss given back by a correction "
        f"that looks at no label of the target (below zero it harms); mean where images are not to blame: {elsewhere}. "
        "Bars are 95 % intervals of "
        f"{settings['resamples']:,} paired resamples of patients."
    )
    reading = (
        "Corrections of pictures should help on the right, and do nothing for another label rule, which lies left."
    )
    return Figure(alt.hconcat(*panels, spacing=28), title, caption, reading)


def _means(rows: pd.DataFrame, to_blame: pd.Series) -> list[str]:
    """Return the mean log-loss given back where images are to blame, and elsewhere, in words."""
    here = to_blame.reindex(rows.index)
    means = [rows.loc[chosen, "returned"].mean() for chosen in (here, ~here)]
    return [f"{signed(value)} nats" if value == value else "nothing (there are no such cells)" for value in means]


def _panel(rows: pd.DataFrame, words: str, given: list[str]) -> alt.LayerChart:
    shown = rows[["image", "returned", "returned_low", "returned_high", "verdict"]]
    x = alt.X("image:Q", title="image term, nats")
    colour = alt.Color("verdict:N", title="verdict",
                       scale=alt.Scale(domain=given, range=[_darker(name) for name in given]))  # fmt: skip
    shape = alt.Shape("verdict:N", title="verdict",
                      scale=alt.Scale(domain=given, range=_SHAPES[: len(given)]))  # fmt: skip
    base = alt.Chart(shown)
    return alt.layer(
        alt.Chart(pd.DataFrame({"returned": [0.0]}))
        .mark_rule(color="#9ca3af", strokeDash=[4, 3])
        .encode(y="returned:Q"),
        base.mark_rule(strokeWidth=1, opacity=0.5).encode(x=x, y="returned_low:Q", y2="returned_high:Q", color=colour),
        base.mark_point(filled=True, size=45, opacity=0.9).encode(
            x=x, y=alt.Y("returned:Q", title="log-loss given back, nats"), color=colour, shape=shape
        ),
    ).properties(width=300, height=260, title=alt.TitleParams(words, fontSize=12))


def _darker(verdict: str) -> str:
    """Return a verdict's colour, or for those that name no cause one that a small mark can have on white."""
    quiet = {"no harm": "#578dff", "no shift": "#111827", "no shift found": "#6b7280", "cannot tell": "#9ca3af"}
    return quiet.get(verdict, VERDICT_COLOURS[verdict])
