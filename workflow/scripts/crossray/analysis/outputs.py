"""How do two models differ, image by image? Bland-Altman statistics, points to draw, and the most different images.

Cohen et al. 2020, figure 4 and figures A.5 to A.7, on outputs scaled so that the operating point is 0.5.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.metrics import limits_of_agreement
from crossray.analysis.resampling import weighted_sums, with_interval
from crossray.analysis.thresholds import outputs, own_thresholds
from crossray.study.compared_pairs import ComparedPair
from crossray.study.names import is_pooled
from crossray.tables import of_rows
from crossray.tables.contract import names
from crossray.tables.outputs import OutputPoints, Outputs

#: pairs that are shown where the configuration names none: those with the widest limits, then the one with the closest
_WIDEST, _CLOSEST = 3, 1
_POINTS, _IMAGES = 300, 6


def measure(study: Study, wanted: Sequence[ComparedPair]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Compare the outputs of models of different sources on every target and task.

    Args:
        study: the predictions.
        wanted: the pairs to show; if empty, the most informative ones.

    Returns:
        A table of :class:`Outputs`, one row for the target's own model and each other one, and for all pairs of models
        where the target has none of its own; and of :class:`OutputPoints` a sample of the images of the shown pairs,
        and those on which they differ most.
    """
    thresholds = {trained: own_thresholds(study, trained) for trained in study.trained()}
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        for one, other, task in _pairs(scored, study):
            first, second = (outputs(scored, trained, task, thresholds[trained]) for trained in (one, other))
            if not np.isnan(first).any() and not np.isnan(second).any():
                keys = {"model": one.model, "target": scored.dataset, "task": task}
                keys |= {"first": one.source, "second": other.source}
                rows.append(keys | _limits(scored, task, first, second, weights))
    table = of_rows(rows, Outputs)
    shown = _matching(table, wanted) if wanted else most_telling(table)
    points, extremes = [], []
    for target in study.settings.targets:
        for row in shown[shown["target"] == target].itertuples():
            one, other = ModelKey(row.model, row.first), ModelKey(row.model, row.second)
            scored = study.scored(target, "test", [one, other])
            first, second = (outputs(scored, trained, row.task, thresholds[trained]) for trained in (one, other))
            every = _points(scored, row, first, second)
            points.append(every.sample(min(_POINTS, len(every)), random_state=0).sort_index())
            order = np.argsort(-(every["first_output"] - every["second_output"]).abs().to_numpy(), kind="stable")
            extremes.append(every.iloc[order[:_IMAGES]])
    empty = of_rows([], OutputPoints)
    return table, pd.concat([empty, *points]), pd.concat([empty, *extremes])


def _pairs(scored: ScoredSplit, study: Study) -> Iterator[tuple[ModelKey, ModelKey, str]]:
    """Yield the pairs of models of single data sets to compare, and the tasks that both can be measured on."""
    for task in study.settings.tasks:
        able = [
            trained for trained in scored.logits if not is_pooled(trained.source) and scored.measurable(trained, task)
        ]
        for one, other in combinations(able, 2):
            if one.model != other.model:
                continue
            if other.source == scored.dataset:
                yield other, one, task
            elif one.source == scored.dataset or ModelKey(one.model, scored.dataset) not in able:
                yield one, other, task


def _limits(scored: ScoredSplit, task: str, first: NDArray, second: NDArray, weights: NDArray) -> dict[str, Any]:
    here = scored.labels[task].notna().to_numpy()
    difference = (first - second)[here]
    sums = weighted_sums(weights[:, here], np.stack([np.ones(here.sum()), difference, difference**2], axis=1))
    images, mean = sums[:, 0], sums[:, 1] / sums[:, 0]
    reach = 1.96 * np.sqrt(np.maximum(sums[:, 2] / images - mean**2, 0) * images / (images - 1))
    row: dict[str, Any] = {"images": int(here.sum()), "positives": int((scored.labels[task] == 1).sum())}
    exact = limits_of_agreement(first[here], second[here])
    names = ("difference", "lower_limit", "upper_limit")
    for name, value, drawn in zip(names, exact, (mean, mean - reach, mean + reach), strict=True):
        row |= with_interval(name, value, drawn)
    return row


def _matching(table: pd.DataFrame, wanted: Sequence[ComparedPair]) -> pd.DataFrame:
    """Return the rows of the pairs that the configuration names, in whichever order it names the two."""
    keep = pd.Series(False, table.index)
    for pair in wanted:
        ends = {pair.first, pair.second}
        same = [{row.first, row.second} == ends for row in table.itertuples()]
        keep |= (table["target"] == pair.target) & (table["task"] == pair.task) & np.array(same, bool)
    return table[keep]


def most_telling(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the pairs with the widest limits, each of another task, and the one with the closest."""
    order = table.assign(width=table["upper_limit"] - table["lower_limit"]).sort_values("width", ascending=False)
    widest = order.drop_duplicates("task").head(_WIDEST)
    return pd.concat([widest, order.drop(widest.index).tail(_CLOSEST)]).drop(columns="width")


def _points(scored: ScoredSplit, row: Any, first: NDArray, second: NDArray) -> pd.DataFrame:
    labels, _, here = known(scored.labels, scored.reported(ModelKey(row.model, row.first)), row.task)
    table = pd.DataFrame({"image_id": scored.labels.index[here], "label": labels})
    table = table.assign(first_output=first[here], second_output=second[here])
    keys = {name: getattr(row, name) for name in ("model", "target", "task", "first", "second")}
    return table.assign(**keys)[names(OutputPoints)]
