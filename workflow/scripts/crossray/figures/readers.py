"""Figure: what other readers' labels would make of the models, and who agrees with whom."""

import altair as alt
import pandas as pd

from crossray.figures.style import AWAY, QUIET, Figure, dataset_scale, dataset_shapes, names_of, nothing, panels_of
from crossray.study.stages.draw_figure import DrawFigure

_MOST = 6
_KINDS = {"readers": QUIET, "model and reader": AWAY}
_SHAPES = {"readers": "square", "model and reader": "circle"}


def draw(reader_labels: pd.DataFrame, reader_agreement: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw AUCs by each labelling, and the kappas of all pairs.

    Args:
        reader_labels: ``reader_labels.csv``.
        reader_agreement: ``reader_agreement.csv``.
        settings: models.
    """
    rows = reader_labels[reader_labels["auc"].notna() & reader_labels["model"].isin(settings.models)]
    pairs = reader_agreement[reader_agreement["kappa"].notna()]
    if rows.empty and pairs.empty:
        return nothing("Several readers cannot be compared", "No cell that several readers labelled has a number.")
    rows = rows.assign(name=names_of(rows), panel=rows["task"] + " at " + rows["target"])
    pairs = pairs.assign(name=pairs["first"] + ", " + pairs["second"], panel=pairs["task"] + " at " + pairs["target"])
    panels, more = panels_of(pd.concat([rows, pairs]), _MOST)
    charts = [
        alt.hconcat(
            *[_aucs(part, panel) for part in [rows[rows["panel"] == panel]] if len(part)],
            *[_kappas(part, panel) for part in [pairs[pairs["panel"] == panel]] if len(part)],
            spacing=30,
        ).resolve_scale(color="independent", shape="independent")
        for panel in panels
    ]
    caption = (
        "Left: AUC of each model on the test images of a target, by what its readers say together (majority, any, all, "
        "first) or one of them alone, with 95% intervals; filled: the labels that the study uses. Right: Cohen's "
        "kappa of readers with one another, and of models at their thresholds with readers, with 95% intervals; "
        f"patients are clusters.{more}"
    )
    reading = (
        "Where AUCs move more between rows than between models, labels decide more than the model. A model that agrees "
        "with readers as they do with one another cannot be told from a reader by these images."
    )
    return Figure(alt.vconcat(*charts, spacing=24), _title(rows, pairs), caption, reading)


def _title(rows: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Say how far labels move an AUC, and how far readers and models agree."""
    said = []
    if len(rows):
        cells = rows.groupby(["name", "panel"])["auc"]
        spread = (cells.max() - cells.min()).max()
        said.append(f"Other readers' labels move an AUC by up to {spread:.2f}")
    means = pairs.groupby("kind")["kappa"].mean()
    words = {"readers": "readers agree with one another", "model and reader": "models with readers"}
    said += [f"{words[kind]} by a mean kappa of {means[kind]:.2f}" for kind in words if kind in means]
    return ", ".join(said)


def _aucs(rows: pd.DataFrame, panel: str) -> alt.LayerChart:
    order = list(dict.fromkeys(rows["rule"]))
    y = alt.Y("rule:N", title=None, sort=order)
    names = list(dict.fromkeys(rows["name"]))
    colours, shapes = dataset_scale(names), dataset_shapes(names)
    offset = alt.YOffset("name:N", sort=names)
    x = alt.X("auc:Q", title="AUC (higher is better)", scale=alt.Scale(zero=False))
    colour = alt.Color("name:N", title=None, scale=colours, legend=alt.Legend(orient="bottom", columns=2))
    stroke = alt.Stroke("name:N", scale=colours, legend=None)
    shape = alt.Shape("name:N", title=None, scale=shapes)
    filled = alt.condition("datum.is_own", alt.value(1.0), alt.value(0.15))
    base = alt.Chart(rows[["rule", "name", "auc", "auc_low", "auc_high", "is_own"]])
    return alt.layer(
        base.mark_rule(opacity=0.5).encode(x="auc_low:Q", x2="auc_high:Q", y=y, yOffset=offset, color=colour),
        base.mark_point(filled=True, size=50, strokeWidth=1.5).encode(
            x=x, y=y, yOffset=offset, color=colour, stroke=stroke, shape=shape, fillOpacity=filled
        ),
    ).properties(width=240, height=alt.Step(11), title=panel)


def _kappas(rows: pd.DataFrame, panel: str) -> alt.LayerChart:
    y = alt.Y("name:N", title=None, sort=list(rows["name"]))
    x = alt.X("kappa:Q", title="kappa (1: the same calls)", scale=alt.Scale(domainMax=1, zero=True))
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(domain=list(_KINDS), range=list(_KINDS.values())),
                       legend=alt.Legend(orient="bottom"))  # fmt: skip
    shape = alt.Shape("kind:N", title=None, scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())))
    base = alt.Chart(rows[["name", "kind", "kappa", "kappa_low", "kappa_high"]])
    return alt.layer(
        base.mark_rule(strokeWidth=1.5).encode(x="kappa_low:Q", x2="kappa_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=55, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=220, height=alt.Step(16), title=panel)
