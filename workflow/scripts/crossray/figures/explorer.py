"""Data of the report's interactive matrix: every cell by task, and the means, by several measures."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from crossray.figures.counts import behind_means, span
from crossray.figures.style import AUC_DOMAIN, AUC_RANGE, BELOW_CHANCE, DROP_RANGE, SHARE_RANGE, WHITE_FROM
from crossray.reasons import REASONS
from crossray.study.stages.write_report import WriteReport
from crossray.tables import reported

MEAN = "Mean of tasks"
#: differences are drawn on the same range in every study that has none beyond it
_LARGEST_LOSS = 0.3

#: measure -> words, how it is read (the caption of the figure is on AUC), and how it is drawn
MEASURES: dict[str, dict[str, Any]] = {
    "auc": {"words": "AUC", "read": "", "domain": AUC_DOMAIN, "range": AUC_RANGE, "white": [WHITE_FROM, None]},
    "drop": {"words": "Drop from the internal AUC", "range": DROP_RANGE, "white": [0.2, -0.2],
             "read": "By how much the AUC is below the internal one; positive is worse.",
             "domain": [-_LARGEST_LOSS, -_LARGEST_LOSS / 2, 0, _LARGEST_LOSS / 2, _LARGEST_LOSS]},
    "lift": {"words": "Precision over prevalence", "range": SHARE_RANGE, "white": [6, None],
             "read": "Average precision divided by prevalence: 1 is chance; the rarer a finding, the more is possible.",
             "domain": [1, 2, 4, 8, 16]},
    "error": {"words": "Calibration error", "range": SHARE_RANGE, "white": [0.25, None],
              "read": "How far probabilities are from the shares that have the finding, on average; 0 is none.",
              "domain": [0, 0.1, 0.2, 0.3, 0.4]},
}  # fmt: skip


#: where the value of each measure stands in a row of a view
_PLACES = {"auc": 7, "drop": 10, "lift": 13, "error": 14}


def explorer(performance: pd.DataFrame, transfer: pd.DataFrame, settings: WriteReport) -> dict[str, Any]:
    """Return the cells of every view.

    Returns:
        ``views``: task -> rows of model, source, target (numbers in the lists of names), reason, positives, images,
        patients, AUC, low, high, drop, low, high, precision over prevalence, calibration error; of means also the
        number of tasks, and their positives are a text (the task with the fewest to that with the most). Counts that
        are not shown are None.
    """
    performance, transfer = (table[table["model"].isin(settings.shown)] for table in (performance, transfer))
    shown = reported(performance)
    names = {"models": settings.shown, "sources": settings.sources, "targets": settings.targets}
    place = {key: {name: i for i, name in enumerate(values)} for key, values in names.items()}
    home = {
        (row.model, row.source, row.task): (row.auc, row.auc_low)
        for row in shown.itertuples()
        if row.source == row.target
    }
    extra = shown.assign(lift=shown["average_precision"] * shown["images"] / shown["positives"])
    behind = behind_means(shown).to_dict("index")
    means = extra[extra["auc"].notna()].groupby(["model", "source", "target"])[["lift", "calibration_error"]].mean()

    def at(row: Any) -> list[int]:
        return [place["models"][row.model], place["sources"][row.source], place["targets"][row.target]]

    views: dict[str, list[list[Any]]] = {MEAN: []}
    for row in transfer.itertuples():
        lift, error = means.loc[row.model, row.source, row.target] if row.auc == row.auc else (None, None)
        drop = (None, None, None) if str(row.home_at_chance) == "True" else (row.drop, row.drop_low, row.drop_high)
        views[MEAN].append([*at(row), row.reason, *_counts(behind.get((row.model, row.source, row.target), {})),
                            row.auc, row.auc_low, row.auc_high, *drop, lift, error, row.tasks])  # fmt: skip
    for task in settings.tasks:
        views[task] = [
            [*at(row), row.reason, row.positives, row.images, row.patients, row.auc, row.auc_low, row.auc_high,
             _drop(home, row), None, None, row.lift, row.calibration_error]
            for row in extra[extra["task"] == task].itertuples()
        ]  # fmt: skip
    members = [[place["targets"][name] for name in settings.members[source] if name in place["targets"]]
               for source in names["sources"]]  # fmt: skip
    rounded = {view: [[_rounded(value) for value in row] for row in rows] for view, rows in views.items()}
    return {
        "views": rounded,
        **names,
        "members": members,
        "reasons": REASONS,
        "measures": {name: facts | _drawn(name, rounded) for name, facts in MEASURES.items()},
        "below": BELOW_CHANCE,
    }


def _counts(behind: Mapping[Hashable, Any]) -> tuple[str | None, int | None, int | None]:
    """Return positives, images and patients behind a mean; None where one is not known."""
    known = {name: int(value) for name, value in behind.items() if value is not pd.NA}
    positives = span(known["least"], known["most"]) if "least" in known else None
    return positives, known.get("images"), known.get("patients")


def _drop(home: Mapping[tuple[str, str, str], tuple[float, float]], row: Any) -> float | None:
    """Return what a cell loses against its source's own target; nothing at home, or where that is at chance."""
    value, low = home.get((row.model, row.source, row.task), (float("nan"), float("nan")))
    return None if row.source == row.target or not low > 0.5 else value - row.auc


def _drawn(measure: str, views: Mapping[str, list[list[Any]]]) -> dict[str, list[Any]]:
    """Return how a measure is drawn: the outer values of its colours widened so that every cell's lies between."""
    domain, place = MEASURES[measure]["domain"], _PLACES[measure]
    found = [row[place] for rows in views.values() for row in rows]
    values = [value for value in found if value is not None and value == value]
    if measure == "drop":
        end = max([_LARGEST_LOSS, *map(abs, values)])
        return {"domain": [-end, -end / 2, 0, end / 2, end], "white": [end * 2 / 3, -end * 2 / 3]}
    return {"domain": [min([domain[0], *values]), *domain[1:-1], max([domain[-1], *values])]}


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
