"""ROC curves of every cell, and their mean over a pair's tasks."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from crossray.analysis.cells import Cell, Study, known
from crossray.tables import MEAN_OF_TASKS, of_rows
from crossray.tables.calibration import Roc

#: rates of false positives, the same in every curve, so that means over tasks can be taken
RATES = np.linspace(0, 1, 51)


def measure(study: Study) -> pd.DataFrame:
    """Measure the curve of every cell that a report shows.

    Returns:
        A table of :class:`Roc`. Tasks are averaged at equal rates of false positives (Fawcett 2006, section 8.1,
        *vertical averaging*), so the area under a mean curve is the mean AUC, up to the distance of the rates.
    """
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        for trained, cells in study.cells(scored):
            curves = {cell.task: _curve(cell) for cell in cells}
            if curves:
                curves[MEAN_OF_TASKS] = {"tasks": len(curves)}, np.mean([curve for _, curve in curves.values()], axis=0)
            for task, (counts, curve) in curves.items():
                key = scored.key(trained) | {"task": task} | counts
                rows += [key | {"false_positive_rate": rate, "sensitivity": value}
                         for rate, value in zip(RATES, curve, strict=True)]  # fmt: skip
    return of_rows(rows, Roc).astype(dict.fromkeys(("tasks", "positives", "negatives"), "Int64"))


def _curve(cell: Cell) -> tuple[dict[str, int], NDArray[np.float64]]:
    """Return positives and negatives, and the sensitivity at each of the rates, the mean of a model's trainings."""
    trainings = [known(cell.scored.labels, logits, cell.task)[:2] for logits in cell.scored.each_training(cell.trained)]
    truth = trainings[0][0]
    counts = {"positives": int((truth == 1).sum()), "negatives": int((truth == 0).sum())}
    return counts, np.mean([_sensitivities(truth, scores) for _, scores in trainings], axis=0)


def _sensitivities(truth: NDArray, scores: NDArray) -> NDArray[np.float64]:
    """Return the sensitivity at each of the rates, on straight lines between the points.

    Where the curve goes straight up, the highest counts.
    """
    false_positive, true_positive, _ = roc_curve(truth, scores, drop_intermediate=False)
    points = pd.Series(true_positive).groupby(false_positive.round(12)).agg(["min", "max"])
    before = points.index.searchsorted(RATES.round(12), side="right") - 1
    after = np.minimum(before + 1, len(points) - 1)
    left, right = points.index[before].to_numpy(), points.index[after].to_numpy()
    low, high = points["max"].to_numpy()[before], points["min"].to_numpy()[after]
    part = np.divide(RATES - left, right - left, out=np.zeros_like(RATES), where=right > left)
    return np.asarray(low + part * (high - low))
