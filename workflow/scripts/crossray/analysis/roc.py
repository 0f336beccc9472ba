"""How does sensitivity rise with false positives? The ROC curve of every cell, and its mean over a pair's tasks."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from crossray.analysis.calibration import KEYS
from crossray.analysis.cells import Scored, Study, Trained, known
from crossray.tables import MEAN_OF_TASKS

#: rates of false positives, the same in every curve, so that means over tasks can be taken
RATES = np.linspace(0, 1, 51)

#: one row a cell and rate, and one for the mean of a pair's tasks; both rates are 0 to 1
COLUMNS = [*KEYS, "tasks", "positives", "negatives", "false_positive_rate", "sensitivity"]


def measure(study: Study) -> pd.DataFrame:
    """Measure the curve of every cell that a report shows.

    Returns:
        A table with :data:`COLUMNS`. Tasks are averaged at equal rates of false positives (Fawcett 2006, section 8.1,
        *vertical averaging*), so the area under a mean curve is the mean AUC, up to the distance of the rates.
    """
    rows: list[dict[str, Any]] = []
    for scored in study.targets():
        for trained in scored.logits:
            curves = {task: _curve(scored, trained, task)
                      for task in study.settings.tasks if scored.measurable(trained, task)}  # fmt: skip
            if curves:
                curves[MEAN_OF_TASKS] = {"tasks": len(curves)}, np.mean([curve for _, curve in curves.values()], axis=0)
            for task, (counts, curve) in curves.items():
                key = dict(zip(KEYS, (trained.model, trained.source, scored.dataset, task), strict=True)) | counts
                rows += [key | {"false_positive_rate": rate, "sensitivity": value}
                         for rate, value in zip(RATES, curve, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(("tasks", "positives", "negatives"), "Int64"))


def _curve(scored: Scored, trained: Trained, task: str) -> tuple[dict[str, int], NDArray[np.float64]]:
    """Return positives and negatives, and the sensitivity at each of the rates, the mean of a model's trainings."""
    trainings = [known(scored.labels, logits, task)[:2] for logits in scored.each_training(trained)]
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
