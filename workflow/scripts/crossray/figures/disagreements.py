"""Figure: the images on which two models disagree most, with the output of each."""

from pathlib import Path

import altair as alt
import pandas as pd

from crossray.figures.pixels import HIDDEN, HIDDEN_WORDS, data_url, none_shown, not_shown
from crossray.figures.style import Figure, label_word, nothing
from crossray.shards import ImageStore
from crossray.study.stages.draw_figure import DrawFigure


def with_pixels(extremes: pd.DataFrame, datasets: Path, settings: DrawFigure) -> pd.DataFrame:
    """Add the image (``url``), its place in the row (``column``) and the words beside it; leave out what is withheld.

    Args:
        extremes: ``output_extremes.csv``.
        datasets: folder of data sets, with their shards.
        settings: shape, withheld, searched.
    """
    parts = []
    extremes = extremes[~extremes["target"].isin(settings.withheld)]
    for target, part in extremes.groupby("target", sort=False):
        store = ImageStore(datasets / str(target) / settings.shape / "index.json")
        images = store.take(store.rows(part["image_id"]))
        parts.append(part.assign(url=[data_url(image, str(target), settings) for image in images]))
    table = pd.concat(parts) if parts else extremes.assign(url="")
    pairs = table["task"] + " at " + table["target"] + "|" + table["first"] + " against " + table["second"]
    words = [
        [HIDDEN_WORDS] if row.url == HIDDEN else
        [f"label {label_word(row.label)}", f"{row.first} {row.first_output:.2f}",
         f"{row.second} {row.second_output:.2f}"]
        for row in table.itertuples()
    ]  # fmt: skip
    order = table.groupby(["target", "task", "first", "second"], sort=False).cumcount() + 1
    return table.assign(pair=pairs, words=words, column=order)


def draw(output_extremes: pd.DataFrame, datasets: Path, settings: DrawFigure) -> Figure:
    """Draw the images on which two models differ most.

    Args:
        output_extremes: ``output_extremes.csv``.
        datasets: folder of data sets, with their shards.
        settings: size, shape, withheld, searched.
    """
    return gallery(with_pixels(output_extremes, datasets, settings), settings)


def gallery(chosen: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw a row of images for each pair of models.

    Args:
        chosen: :func:`with_pixels`.
        settings: size, withheld.
    """
    if chosen.empty and settings.withheld:
        return none_shown(settings)
    if chosen.empty:
        return nothing("No two models can be compared", "No target and task can be measured with two models.")
    y = alt.Y("pair:N", title=None, sort=list(dict.fromkeys(chosen["pair"])),
              axis=alt.Axis(labelExpr="split(datum.value, '|')", domain=False, ticks=False))  # fmt: skip
    x = alt.X("column:O", title="most different first", axis=None)
    base = alt.Chart(chosen[["pair", "column", "url", "words"]]).encode(x=x, y=y)
    chart = alt.layer(
        base.mark_image(width=92, height=92, dy=0, yOffset=-18).encode(url="url:N"),
        base.mark_text(fontSize=10, lineBreak="\n", dy=36, baseline="top", color="#1f2937").encode(text="label:N"),
    ).transform_calculate(label="join(datum.words, '\\n')")
    chart = chart.properties(width=alt.Step(108), height=alt.Step(150))
    caption = (
        "The target's test images whose two outputs differ most, on the scale on which each model's operating "
        f"point is 0.5, at the {settings.size} px that the models are given." + not_shown(chosen["url"], settings)
    )
    reading = "Look for features that only one model may respond to, or labels that the sources use differently."
    return Figure(chart, "The images on which two models disagree most", caption, reading)
