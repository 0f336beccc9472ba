"""Figure: how well a classifier predicts the data set of an image."""

import altair as alt
import pandas as pd

from crossray.figures.style import SHARE_RANGE, Figure, nothing, with_interval
from crossray.study.stages.draw_figure import DrawFigure


def draw(probe: pd.DataFrame, probe_confusion: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the accuracy by kind of features, and the confusion matrix for tiny images.

    Args:
        probe: ``probe.csv``.
        probe_confusion: ``probe_confusion.csv``.
        settings: nothing beside the phantoms.
    """
    left_out = _left_out(probe)
    probe, unknown = probe[probe["accuracy"].notna()], probe[probe["accuracy"].isna()]
    if probe_confusion.empty or probe.empty:
        why = f"Fewer than two data sets have both training and test images. {left_out}"
        return nothing("The data set cannot be predicted", why.strip())
    y = alt.Y("features:N", title=None, sort=list(probe["features"]))
    x = alt.X("accuracy:Q", title="share recognised", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    base = alt.Chart(probe)
    left = alt.layer(
        alt.Chart(probe.head(1)).mark_rule(color="#9ca3af", strokeDash=[4, 3]).encode(x="chance:Q"),
        base.mark_rule(strokeWidth=2, color="#332288").encode(x="accuracy_low:Q", x2="accuracy_high:Q", y=y),
        base.mark_point(filled=True, size=80, opacity=1, color="#332288").encode(x=x, y=y),
    ).properties(width=280, height=alt.Step(26))
    images = probe.iloc[0]
    of_images = probe_confusion[probe_confusion["features"] == images["features"]]
    names = list(dict.fromkeys(of_images["dataset"]))
    cells = of_images.assign(text=[f"{share:.0%}" for share in of_images["share"]], dark=of_images["share"] > 0.55)
    across = alt.X("predicted:N", title="taken for", sort=names, axis=alt.Axis(orient="top", labelAngle=-40))
    down = alt.Y("dataset:N", title="comes from", sort=names)
    colour = alt.Color("share:Q", title=None, legend=None,
                       scale=alt.Scale(domain=[0, 0.25, 0.5, 0.75, 1], range=SHARE_RANGE))  # fmt: skip
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#000000"))
    matrix = alt.Chart(cells[["dataset", "predicted", "share", "text", "dark"]])
    right = alt.layer(
        matrix.mark_rect(stroke="#ffffff").encode(x=across, y=down, color=colour),
        matrix.mark_text(fontSize=12).encode(x=across, y=down, text="text:N", color=ink),
    ).properties(width=alt.Step(54), height=alt.Step(34), title=alt.TitleParams(str(images["features"]), fontSize=12))
    best = probe.loc[probe["accuracy"].idxmax()]
    words = with_interval(images["accuracy"], images["accuracy_low"], images["accuracy_high"])
    title = f"From tiny images, the data set of {words} of the images is predicted; chance: {images['chance']:.2f}"
    caption = (
        "A logistic regression was trained on images of the training splits and tested on test images, one image per "
        "patient, with equal weights of data sets: on 16 x 16 pixels, and on the features before each model's last "
        f"layer (highest: {best['features']}). Dashed: chance. Intervals are Wilson's. Data sets "
        f"with the same patients as another one are left out. {left_out}"
        + (f" No number for {', '.join(unknown['features'])}: training diverged." if len(unknown) else "")
    ).strip()
    reading = (
        "A model that recognises where an image comes from may rely on the hospital's prevalence instead of the "
        "findings."
    )
    return Figure(alt.hconcat(left, right, spacing=40), title, caption, reading)


def _left_out(probe: pd.DataFrame) -> str:
    """Name the data sets that could not take part."""
    names = [text for text in probe["left_out"].dropna().unique() if text]
    return f"Also left out, without training images: {'; '.join(names)}." if names else ""
