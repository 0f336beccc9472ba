"""Figure: attribution maps for selected images of each pair of a source and a target."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from crossray import maps, regions
from crossray.figures.pixels import HIDDEN, HIDDEN_WORDS, evidence_url, none_shown, not_shown
from crossray.figures.style import METHODS, Figure, nothing
from crossray.shards import ImageStore
from crossray.study.names import is_pooled
from crossray.study.stages.draw_figure import DrawFigure
from crossray.tables import read
from crossray.tables.attribution import MappedImages

#: pairs that are drawn, the local model first; more would make the page heavy
_PAIRS = 16
_HEIGHT = 96

COLUMNS = ["pair", "role", "url", "output"]
#: the roles of images, from left to right: surest right, surest wrong
ROLES = [
    "positive, scored highest",
    "positive, scored lowest",
    "negative, scored lowest",
    "negative, scored highest",
]


def choose(attributions: Path, datasets: Path, settings: DrawFigure) -> pd.DataFrame:
    """Pick the selected images of the first model, for each pair those of one task.

    The task is the one with most scored images at the target, so that all rows of a target show the same one where they
    can.

    Args:
        attributions: folder of maps, ``{model}/{source}/{target}/`` below it.
        datasets: folder of data sets, with shards and perhaps regions.
        settings: models, sources, targets, shape, size, fit, methods, withheld, searched.

    Returns:
        A table with :data:`COLUMNS`, an image a row; ``url`` has it twice, plain and under its evidence.
    """
    rows: list[dict[str, Any]] = []
    for source, target in _pairs(settings):
        if target in settings.withheld:
            continue
        folder = attributions / settings.models[0] / source / target
        table = read(folder / "images.csv", MappedImages).fillna({"role": ""})
        shown = table[(table["method"] == settings.methods[0]) & (table["weights"] == "trained")]
        if shown.empty:
            continue
        task = shown.groupby("task", sort=False)["scored"].sum().idxmax()
        telling = shown[(shown["task"] == task) & (shown["role"] != "")]
        rows += _drawn(telling, f"{source} to {target}|{task}", folder / "maps.h5", datasets / target, settings)
    return pd.DataFrame(rows, columns=COLUMNS)


def _pairs(settings: DrawFigure) -> list[tuple[str, str]]:
    """Return the pairs of single data sets to draw, target by target."""
    single = [source for source in settings.sources if not is_pooled(source)]
    pairs = [
        (source, target)
        for target in settings.targets
        for source in sorted(single, key=lambda source: source != target)
    ]
    return pairs[:_PAIRS]


def _drawn(
    telling: pd.DataFrame, pair: str, heats: Path, dataset: Path, settings: DrawFigure
) -> Iterator[dict[str, Any]]:
    store = ImageStore(dataset / settings.shape / "index.json")
    pixels = store.take(store.rows(telling["image_id"]))
    located = dataset / "regions.parquet"
    known = regions.read(located) if located.is_file() else pd.DataFrame(columns=regions.COLUMNS)
    found = maps.read(heats, telling["map"].to_numpy(np.int64))
    for row, image, heat in zip(telling.itertuples(), pixels, found, strict=True):
        here = known[(known["image_id"] == row.image_id) & (known["task"] == row.task)]
        nowhere = np.zeros(image.shape, bool)
        region = nowhere if here.empty else regions.on_square(here, settings.size, settings.fit)
        url = evidence_url(image, heat, region, dataset.name, settings)
        output = HIDDEN_WORDS if url == HIDDEN else f"output {1 / (1 + np.exp(-row.logit)):.2f}"
        yield {"pair": pair, "role": row.role, "url": url, "output": output}


def draw(attributions: Path, datasets: Path, settings: DrawFigure) -> Figure:
    """Draw attribution maps for selected images of each pair of a source and a target.

    Args:
        attributions: folder of the study's maps of attribution.
        datasets: folder of data sets, with shards and perhaps regions.
        settings: models, sources, targets, size, shape, fit, methods, withheld, searched.
    """
    return gallery(choose(attributions, datasets, settings), settings)


def gallery(chosen: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a row of images for each pair.

    Args:
        chosen: :func:`choose`.
        settings: size, methods, withheld.
    """
    if chosen.empty and settings.withheld:
        return none_shown(settings)
    if chosen.empty:
        return nothing("No image can be shown", "No model shares a task with a target.")
    y = alt.Y("pair:N", title=None, sort=list(dict.fromkeys(chosen["pair"])),
              axis=alt.Axis(labelExpr="split(datum.value, '|')", domain=False, ticks=False))  # fmt: skip
    roles = [role for role in ROLES if role in set(chosen["role"])]
    x = alt.X("role:N", title=None, sort=roles,
              axis=alt.Axis(orient="top", domain=False, ticks=False, labelAngle=0))  # fmt: skip
    base = alt.Chart(chosen).encode(x=x, y=y)
    chart = alt.layer(
        base.mark_image(width=_HEIGHT * 260 / 128, height=_HEIGHT, yOffset=-8).encode(url="url:N"),
        base.mark_text(fontSize=10, dy=_HEIGHT / 2 - 6, baseline="top", color="#1f2937").encode(text="output:N"),
    ).properties(width=alt.Step(_HEIGHT * 260 / 128 + 12), height=alt.Step(_HEIGHT + 26))
    method = METHODS[settings.methods[0]]
    caption = (
        "For each source's model at each target, the test images of one finding that it scores highest and lowest "
        f"among the positive and the negative, at {settings.size} px: left the image, right with the evidence by "
        f"{method} for the finding, orange for some and yellow for most. Outlined in cyan: the annotated finding, if "
        "the data set has annotations." + not_shown(chosen["url"], settings)
    )
    reading = (
        "If a confident correct answer has its evidence outside the outline, it is right for another reason; for a "
        "confident wrong one, the map may show what misled the model. Such maps are hints, not proof."
    )
    return Figure(chart, "Attribution maps of the models' most confident images", caption, reading)
