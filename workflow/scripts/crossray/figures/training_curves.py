"""Figure: loss and validation AUC by epoch, with the epoch that was kept."""

import math
from pathlib import Path

import altair as alt
import pandas as pd

from crossray.figures.style import Figure, source_scale, source_shapes
from crossray.files import read_json
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import read
from crossray.tables.training import History

#: so many epochs each have a tick; left to itself the axis puts some between them, and rounds
_FEW = 8


def histories(models: Path, settings: DrawFigure) -> pd.DataFrame:
    """Read the histories of all trainings: model, source, seed, epoch, losses, validation_auc, kept."""
    tables = []
    for model in settings.trained:
        for source in settings.sources_of[model]:
            for seed in settings.seeds:
                folder = models / model / source / str(seed)
                best = read_json(folder / "training.json")["best_epoch"]
                table = read(folder / "history.csv", History)
                columns = table[["epoch", "train_loss", "validation_loss", "validation_auc"]]
                tables.append(columns.assign(model=model, source=source, seed=str(seed), kept=table["epoch"] == best))
    return pd.concat(tables, ignore_index=True)


def draw(models: Path, settings: DrawFigure) -> Figure:
    """Draw loss and validation AUC by epoch, with the epoch that was kept.

    Args:
        models: folder of the study's models.
        settings: trained, sources_of, sources, seeds, datasets.
    """
    return curves(histories(models, settings), settings)


def curves(history: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the curves of every training.

    Args:
        history: :func:`histories`.
        settings: trained, sources_of, sources, seeds, datasets.
    """
    colour = alt.Color("source:N", title="trained on", scale=source_scale(settings.sources, settings.datasets))
    detail = ["model:N", "seed:N"]
    last = int(history["epoch"].max())
    few = alt.Axis(values=list(range(1, last + 1)), format="d")
    epoch = alt.X("epoch:Q", title="epoch", axis=few if last <= _FEW else alt.Axis(tickMinStep=1, format="d"))
    losses = history.melt(
        ["model", "source", "seed", "epoch"], ["train_loss", "validation_loss"], var_name="of", value_name="loss"
    ).replace({"of": {"train_loss": "training split", "validation_loss": "validation split"}})
    dash = alt.StrokeDash("of:N", title="loss on")
    loss = alt.Chart(losses).mark_line(strokeWidth=2).encode(
        x=epoch, y=alt.Y("loss:Q", title="loss"), color=colour, strokeDash=dash, detail=detail
    )  # fmt: skip
    known = history[history["validation_auc"].notna()]
    auc = alt.Y("validation_auc:Q", title="mean validation AUC", scale=alt.Scale(domain=[_lowest(known), 1.0]))
    curve = alt.Chart(known).mark_line(strokeWidth=2).encode(x=epoch, y=auc, color=colour, detail=detail)
    chance = (
        alt.Chart(pd.DataFrame({"validation_auc": [0.5]})).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(y=auc)
    )
    shape = alt.Shape("source:N", title="trained on", scale=source_shapes(settings.sources, settings.datasets))
    dots = alt.Chart(known[known["kept"]]).mark_point(filled=True, size=90, opacity=1)
    kept = dots.encode(x=epoch, y=auc, color=colour, shape=shape)
    size = {"width": 300, "height": 220}
    chart = alt.hconcat(loss.properties(**size), alt.layer(chance, curve, kept).properties(**size), spacing=36)
    caption = (
        f"{history.groupby(['model', 'source', 'seed']).ngroups} trainings. The kept epoch (dot) is the one with the "
        "best mean AUC over tasks on the source's own validation split; no image of a target is used. Dashed: chance."
        + _diverged(history)
    )
    reading = (
        "A validation loss that rises while the training loss falls is overfitting; an AUC that still rises "
        "needs more epochs."
    )
    kept_at = sorted({int(value) for value in history.loc[history["kept"], "epoch"]})
    if not kept_at:
        return Figure(chart, "No epoch is kept: every training diverged", caption, reading)
    span = f"{kept_at[0]} to {kept_at[-1]}" if len(kept_at) > 1 else f"{kept_at[0]}"
    return Figure(chart, f"The epochs kept are {span} of {last}", caption, reading)


def _lowest(known: pd.DataFrame) -> float:
    """Return where the axis of the AUC begins: at 0.4, or below all curves."""
    least = known["validation_auc"].min()
    return 0.4 if not least < 0.4 else math.floor(least * 20) / 20


def _diverged(history: pd.DataFrame) -> str:
    """Name the trainings without an epoch that was kept."""
    kept = history.groupby(["model", "source", "seed"], sort=False)["kept"].any()
    names = [f"{model} of {source}, seed {seed}" for (model, source, seed), any_kept in kept.items() if not any_kept]
    return f" Diverged, no epoch kept: {'; '.join(names)}." if names else ""
