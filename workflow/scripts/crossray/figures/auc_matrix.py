"""Figure: the matrix of mean AUC, sources x targets, one panel a model."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from crossray.figures.counts import behind_means, caveats_of, reasons_text, span
from crossray.figures.matrix import layers
from crossray.figures.style import Figure, with_interval
from crossray.study.stages.draw_figure import DrawFigure

_NO_PAIR = "No pair of different hospitals shares a task that can be measured"


def draw(performance: pd.DataFrame, transfer: pd.DataFrame, summary: pd.DataFrame, settings: DrawFigure) -> Figure:
    """Draw the matrix of means.

    Args:
        performance: the reported rows of ``performance.csv``.
        transfer: ``transfer.csv``.
        summary: ``summary.csv``.
        settings: models, members, targets, counted.
    """
    transfer, summary = (table[table["model"].isin(settings.models)] for table in (transfer, summary))
    second = [f"{row.auc_low:.2f} to {row.auc_high:.2f}" if row.auc == row.auc else "" for row in transfer.itertuples()]
    caveats = caveats_of(performance)
    beside = [caveats.get((row.model, row.source, row.target), "") for row in transfer.itertuples()]
    cells = transfer.assign(interval=second, caveat=beside, **_counts(performance, transfer))
    panels = [
        layers(
            cells[cells["model"] == model],
            settings.members,
            settings.targets,
            92,
            "interval",
            "images",
            "positives",
        ).properties(title=model)
        for model in settings.models
    ]
    chart = alt.vconcat(*panels) if len(panels) > 1 else panels[0]
    caption = (
        "Mean AUC over the tasks that the source labels and that can be measured at the target; below it the 95% "
        "interval over the target's patients, images (n), and positives of the tasks with the fewest and the most. "
        f"{int(transfer['auc'].notna().sum())} of {len(transfer)} cells can be measured. A drop compares the tasks "
        "that both hospitals have, so it can differ from the difference of two cells."
        + _only_tested(settings)
        + reasons_text(beside)
        + (f" Sites that send counts have no mean (S): {', '.join(settings.counted)}." if settings.counted else "")
    )
    reading = (
        "A row is a model, a column a data set whose test split it has never seen. Outlined: internal test. "
        "The darker, the higher the AUC; 0.5 is chance. Orange with a triangle: the interval lies below chance. A "
        "letter is the reason for a missing number."
    )
    heading = title(summary, settings.models)
    if settings.counted and heading == _NO_PAIR:
        heading = "Sites that send counts have an AUC for each task, and no mean"
    return Figure(chart, heading, caption, reading)


def _counts(performance: pd.DataFrame, transfer: pd.DataFrame) -> dict[str, list[str]]:
    """Write the counts of images and positives of each cell, and nothing where it has no number."""
    behind = behind_means(performance).to_dict("index")
    images, positives = [], []
    for row in transfer.itertuples():
        counts = behind.get((row.model, row.source, row.target))
        known = {name: value for name, value in (counts or {}).items() if value is not pd.NA}
        images.append(f"n = {known['images']:,}" if "images" in known else "n not shown" if counts else "")
        positives.append(f"{span(known['least'], known['most'])} pos." if "least" in known else "")
    return {"images": images, "positives": positives}


def _only_tested(settings: DrawFigure) -> str:
    """Name the targets that no model is trained on."""
    learnt = {name for names in settings.members.values() for name in names}
    names = [target for target in settings.targets if target not in learnt]
    return f" Test only: {', '.join(names)}." if names else ""


def title(summary: pd.DataFrame, models: Sequence[str]) -> str:
    """State the result in one sentence: internal and external AUC of the model that is listed first."""
    overall = summary[(summary["source"] == "all sources") & (summary["model"] == models[0])]
    if overall.empty or not overall.iloc[0]["pairs"]:
        at_chance = len(overall) and overall.iloc[0]["pairs_at_chance"]
        if at_chance:
            return "No model is better than chance internally, so no drop is reported"
        return _NO_PAIR
    row = overall.iloc[0]
    home = with_interval(row["home_auc"], row["home_auc_low"], row["home_auc_high"])
    away = with_interval(row["away_auc"], row["away_auc_low"], row["away_auc_high"])
    return f"Mean AUC {home} internal, {away} external" + (f" ({models[0]})" if len(models) > 1 else "")
