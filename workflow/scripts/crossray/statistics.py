"""Statistics of logits for both training and analysis: the AUC, and the odds of exclusive classes."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
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


def class_log_odds(logits: NDArray) -> NDArray[np.float64]:
    """Log-odds of each class against all others together, under the softmax, in float64.

    z_k - log(sum of exp z_j over j != k): its sigmoid is the probability of the softmax, and unlike that it does not
    saturate, so sure answers are still ranked.

    Args:
        logits: shape (images, classes), at least two classes.

    Returns:
        The same shape.
    """
    scores = np.asarray(logits, np.float64)
    top = np.arange(len(scores)), scores.argmax(axis=1)
    total = logsumexp(scores, axis=1, keepdims=True)
    # What is not the largest has half of the total at most, so taking it out loses no digits.
    with np.errstate(divide="ignore"):
        others = total + np.log1p(-np.exp(scores - total))
    without = scores.copy()
    without[top] = -np.inf
    others[top] = logsumexp(without, axis=1)
    return scores - others
