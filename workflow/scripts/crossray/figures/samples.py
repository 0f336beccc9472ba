"""Figure: a few images of each data set, as the models see them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from crossray import manifest
from crossray.figures.pixels import data_url
from crossray.figures.style import Figure
from crossray.shards import ImageStore, with_rows

_IMAGES = 6


def choose(manifests: Path, datasets: Path, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Pick images evenly from each data set's training split, in the order of the manifest.

    Returns:
        dataset, column (from 1), url (a JPEG of at most 128 px), findings (positive labels).
    """
    rows: list[dict[str, Any]] = []
    for name in settings["datasets"]:
        table = manifest.read(manifests / f"{name}.parquet")
        store = ImageStore(datasets / name / settings["shape"] / "index.json")
        training = with_rows(table, store, "train")
        picked = (
            training.iloc[np.unique(np.linspace(0, len(training) - 1, _IMAGES).astype(int))]
            if len(training)
            else training
        )
        tasks = [task for task in settings["tasks"] if task in table]
        for column, (_, row) in enumerate(picked.iterrows(), start=1):
            positive = [task for task in tasks if row[task] == 1]
            words = positive[:2] + ([f"and {len(positive) - 2} more"] if len(positive) > 2 else [])
            pixels = store.take(np.array([row["row"]]))[0]
            rows.append(
                {"dataset": name, "column": column, "url": data_url(pixels), "findings": words or ["no finding"]}
            )
    return pd.DataFrame(rows)


def draw(chosen: pd.DataFrame, settings: Mapping[str, Any]) -> Figure:
    """Draw the images with their positive labels.

    Args:
        chosen: :func:`choose`.
        settings: datasets, size.
    """
    x = alt.X("column:O", axis=None)
    y = alt.Y("dataset:N", title=None, sort=list(settings["datasets"]),
              axis=alt.Axis(domain=False, ticks=False, labelFontWeight=600, labelPadding=8))  # fmt: skip
    base = alt.Chart(chosen).encode(x=x, y=y)
    chart = alt.layer(
        base.mark_image(width=88, height=88, dy=0, yOffset=-14).encode(url="url:N"),
        base.mark_text(fontSize=9, lineBreak="\n", dy=40, baseline="top", color="#1f2937").encode(text="label:N"),
    ).transform_calculate(label="join(datum.findings, '\\n')")
    chart = chart.properties(width=alt.Step(100), height=alt.Step(136))
    caption = (
        f"{_IMAGES} images of each data set's training split, spread evenly over it, at the {settings['size']} px that "
        "the models are given; below each the labels that are positive."
    )
    reading = "Look for differences of exposure, sharpness, framing and markers: they are what a model may trip over."
    return Figure(chart, "How the data sets look to the models", caption, reading)
