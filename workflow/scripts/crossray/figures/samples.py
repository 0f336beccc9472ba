"""Figure: a few images of each data set, as the models see them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from crossray import manifest
from crossray.figures.pixels import HIDDEN, HIDDEN_WORDS, data_url, none_shown, not_shown
from crossray.figures.style import Figure
from crossray.shards import ImageStore, with_rows
from crossray.study.stages.draw_figure import DrawFigure

_IMAGES = 6


def choose(manifests: Path, datasets: Path, settings: DrawFigure) -> pd.DataFrame:
    """Pick images evenly from each data set's training split, in the order of the manifest.

    Of a data set without training images, as one that is only tested on, they come from another split; of one whose
    pictures are withheld there are none.

    Returns:
        dataset, split, column (from 1), url (a JPEG of at most 128 px), findings (:func:`caption_words`).
    """
    rows: list[dict[str, Any]] = []
    for name in settings.datasets:
        if name in settings.withheld:
            continue
        table = manifest.read(manifests / f"{name}.parquet")
        store = ImageStore(datasets / name / settings.shape / "index.json")
        parts = {split: with_rows(table, store, split) for split in manifest.SPLITS}
        split = next((split for split, part in parts.items() if len(part)), "train")
        part = parts[split]
        picked = part.iloc[np.unique(np.linspace(0, len(part) - 1, _IMAGES).astype(int))] if len(part) else part
        for column, (_, row) in enumerate(picked.iterrows(), start=1):
            pixels = store.take(np.array([row["row"]]))[0]
            labels = {task: row.get(task, float("nan")) for task in settings.tasks}
            url = data_url(pixels, name, settings)
            rows.append({"dataset": name, "split": split, "column": column, "url": url,
                         "findings": [HIDDEN_WORDS] if url == HIDDEN else caption_words(labels)})  # fmt: skip
    return pd.DataFrame(rows, columns=["dataset", "split", "column", "url", "findings"])


def caption_words(labels: Mapping[str, float]) -> list[str]:
    """List an image's positive labels, or that it has none, and what is not labelled, line by line.

    Args:
        labels: task of the study -> 1, 0 or NaN (unknown, or not labelled by the data set).
    """
    positive = [task for task, label in labels.items() if label == 1]
    unknown = sum(label != label for label in labels.values())
    if positive:
        return positive[:2] + ([f"and {len(positive) - 2} more"] if len(positive) > 2 else [])
    if unknown == len(labels):
        return ["not labelled"]
    return ["no finding"] + ([f"{unknown} not labelled"] if unknown else [])


def draw(manifests: Path, datasets: Path, settings: DrawFigure) -> Figure:
    """Draw a few images of each data set, as the models see them.

    Args:
        manifests: folder of the study's manifests.
        datasets: folder of data sets, with their shards.
        settings: datasets, tasks, size, shape, withheld, searched.
    """
    return gallery(choose(manifests, datasets, settings), settings)


def gallery(chosen: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the images with their positive labels.

    Args:
        chosen: :func:`choose`.
        settings: datasets, tasks, size, withheld.
    """
    if chosen.empty and settings.withheld:
        return none_shown(settings)
    x = alt.X("column:O", axis=None)
    y = alt.Y("dataset:N", title=None, sort=list(settings.datasets),
              axis=alt.Axis(domain=False, ticks=False, labelFontWeight=600, labelPadding=8))  # fmt: skip
    base = alt.Chart(chosen).encode(x=x, y=y)
    chart = alt.layer(
        base.mark_image(width=88, height=88, dy=0, yOffset=-14).encode(url="url:N"),
        base.mark_text(fontSize=9, lineBreak="\n", dy=40, baseline="top", color="#1f2937").encode(text="label:N"),
    ).transform_calculate(label="join(datum.findings, '\\n')")
    chart = chart.properties(width=alt.Step(100), height=alt.Step(136))
    others = chosen[chosen["split"] != "train"].drop_duplicates("dataset")
    elsewhere = "; ".join(f"{row.dataset} has none, so its {row.split} split is shown" for row in others.itertuples())
    caption = (
        f"{_IMAGES} images of each data set's training split, spread evenly over it, at the {settings.size} px that "
        "the models are given; below each its positive labels, or how many of the study's "
        f"{len(settings.tasks)} tasks are not labelled.{f' {elsewhere}.' if elsewhere else ''}"
        + not_shown(chosen["url"], settings)
    )
    reading = "Look for differences in exposure, sharpness, collimation and markers, to which models can be sensitive."
    return Figure(chart, "Sample images as the models see them", caption, reading)
