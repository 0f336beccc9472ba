"""Figure: errors of estimates without labels, wherever labels could check them."""

import altair as alt
import pandas as pd

from crossray.figures.monitoring_text import QUANTITIES
from crossray.figures.style import AWAY, BELOW_CHANCE, QUIET, Figure, nothing
from crossray.study.stages.draw_figure import DrawFigure

_SAME, _OTHER, _UNKNOWN = "same label rule", "label rule may differ", "no verdict"
_COLOURS = {_SAME: AWAY, _OTHER: BELOW_CHANCE, _UNKNOWN: QUIET}
_SHAPES = {_SAME: "circle", _OTHER: "triangle-up", _UNKNOWN: "square"}
#: verdicts after which the label rule may be another one
_MAY_DIFFER = ("concept", "labels or unseen images", "cannot tell")


def draw(unlabelled: pd.DataFrame, unlabelled_errors: pd.DataFrame, settings: DrawFigure) -> Figure:  # noqa: ARG001
    """Draw a panel for each quantity, a row for each estimator, a mark for each back-tested cell.

    Args:
        unlabelled: ``unlabelled.csv``.
        unlabelled_errors: ``unlabelled_errors.csv``.
        settings: none.
    """
    rows = unlabelled[unlabelled["error"].notna()]
    if rows.empty:
        return nothing("No estimate without labels could be checked", "No target has labels to check them with.")
    rows = rows.assign(rule=rows["verdict"].map(_rule))
    order = list(dict.fromkeys(rows["estimator"]))
    present = [rule for rule in _COLOURS if (rows["rule"] == rule).any()]
    panels = [_panel(rows[rows["quantity"] == name], words, order, present) for name, words in QUANTITIES.items()]
    printed = unlabelled[(unlabelled["group"] == "labelled") & unlabelled["is_chosen"]]
    cells = rows[["model", "source", "target", "task", "quantity"]].drop_duplicates()
    title = (
        f"Estimates without labels may be printed for {len(printed)} of {len(cells)} numbers that labels could check"
    )
    targets = unlabelled_errors["targets"].max()
    caption = (
        f"Estimate less truth for every labelled model, target and task ({targets} cohorts of patients), by estimator "
        "and quantity. Printed are estimates whose error at another cohort is expected within the tolerance, where the "
        "label rule is not in doubt."
    )
    reading = (
        "Marks near the line are good estimates. An estimator that scatters here would scatter where nobody can see "
        "it. Where the label rule differs, every estimator errs, as outputs do not know of it."
    )
    return Figure(alt.concat(*panels, columns=2, spacing=24), title, caption, reading)


def _rule(verdict: object) -> str:
    return (_OTHER if verdict in _MAY_DIFFER else _SAME) if isinstance(verdict, str) else _UNKNOWN


def _panel(rows: pd.DataFrame, words: str, order: list[str], present: list[str]) -> alt.LayerChart:
    names = [name for name in order if (rows["estimator"] == name).any()]
    y = alt.Y("estimator:N", sort=names, title=None)
    x = alt.X("error:Q", title=f"{words}, estimate less truth", axis=alt.Axis(tickCount=5))
    colour = alt.Color("rule:N", title=None, legend=alt.Legend(orient="bottom"),
                       scale=alt.Scale(domain=present, range=[_COLOURS[one] for one in present]))  # fmt: skip
    shape = alt.Shape("rule:N", title=None, scale=alt.Scale(domain=present, range=[_SHAPES[one] for one in present]))
    zero = alt.Chart(pd.DataFrame({"error": [0.0]})).mark_rule(color=QUIET)
    marks = alt.Chart(rows[["estimator", "error", "rule", "source", "target", "task"]])
    return alt.layer(
        zero.encode(x=x),
        marks.mark_point(filled=True, size=42, opacity=0.75).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=250, height=22 * len(names))
