"""Figure: performance claimed by makers, and performance measured here."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, INK, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

_MEASURES = ("auc", "sensitivity", "specificity")


def draw(claims: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw each claimed number as a bar across the measured one with its interval.

    Args:
        claims: ``claims.csv``.
        settings: targets.
    """
    rows = claims[claims["measured"].notna()]
    if rows.empty:
        return nothing("No claim can be compared", "No model has a claim, or no cell with one has a number.")
    several = len(settings.targets) > 1
    at = (" at " + rows["target"]) if several else ""
    rows = rows.assign(name=rows["model"] + ", " + rows["task"] + at)
    names = list(dict.fromkeys(rows["name"]))
    panels = [
        _panel(rows[rows["measure"] == name], name, names) for name in _MEASURES if (rows["measure"] == name).any()
    ]
    below, above = (int((rows["finding"] == words).sum()) for words in ("below the claim", "above the claim"))
    title = f"Claims not met, by the 95% interval: {below} of {len(rows)}; exceeded: {above}"
    unknown = int((rows["caveat"] == "U").sum())
    caption = (
        "Point and line: measured on the test images that the model scored, with the 95% interval, patients as "
        "clusters; bar: the maker's claim. Sensitivity and specificity are at the threshold that comes with the model."
        + (f" U marks {unknown} numbers of models whose training data are unknown." if unknown else "")
    )
    reading = (
        "If a line does not reach the bar, the claim does not hold for these patients and labels; if it does, the "
        "claim is compatible with the measurement. Claims are for other patients: a difference need not be a "
        "fault of the software."
    )
    return Figure(alt.hconcat(*panels, spacing=24), title, caption, reading)


def _panel(rows: pd.DataFrame, measure: str, names: list[str]) -> alt.LayerChart:
    y = alt.Y("name:N", title=None, sort=names, scale=alt.Scale(domain=names))
    title = f"{'AUC' if measure == 'auc' else measure} (higher is better)"
    x = alt.X("measured:Q", title=title, scale=alt.Scale(zero=False))
    rows = rows.assign(caveat=rows["caveat"].fillna(""))
    base = alt.Chart(rows[["name", "measured", "measured_low", "measured_high", "claimed", "caveat"]])
    return alt.layer(
        base.mark_rule(strokeWidth=2, color=AWAY).encode(x="measured_low:Q", x2="measured_high:Q", y=y),
        base.mark_point(filled=True, size=70, opacity=1, color=AWAY).encode(x=x, y=y),
        base.mark_tick(thickness=3, size=16, color=INK).encode(x="claimed:Q", y=y),
        base.mark_text(dy=-10, fontSize=10).encode(x=x, y=y, text="caveat:N"),
    ).properties(width=220, height=alt.Step(26))
