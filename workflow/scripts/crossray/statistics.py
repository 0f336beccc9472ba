"""The one metric that both training and analysis use."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score


def auc(labels: NDArray, scores: NDArray) -> float:
    """Area under the ROC curve, ranked in float64; NaN where one class is missing.

    Args:
        labels: 0 or 1, shape (images,).
        scores: larger is more positive, shape (images,).
    """
    if len(np.unique(labels)) < 2:
        return float("nan")
    return float(roc_auc_score(labels, np.asarray(scores, np.float64)))
