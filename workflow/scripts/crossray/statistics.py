"""Metrics and their intervals. Scores are ranked in float64; what cannot be computed is NaN, never a number."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

_CHUNK = 200


def auc(labels: NDArray, scores: NDArray) -> float:
    """Area under the ROC curve, NaN where one class is missing.

    Args:
        labels: 0 or 1, shape (images,).
        scores: larger is more positive, shape (images,).
    """
    if len(np.unique(labels)) < 2:
        return float("nan")
    return float(roc_auc_score(labels, np.asarray(scores, np.float64)))


def average_precision(labels: NDArray, scores: NDArray) -> float:
    """Average precision, NaN where there is no positive or no negative."""
    if len(np.unique(labels)) < 2:
        return float("nan")
    return float(average_precision_score(labels, np.asarray(scores, np.float64)))


def youden_threshold(labels: NDArray, scores: NDArray) -> float:
    """Score at which sensitivity + specificity is largest (Youden 1950), NaN where one class is missing.

    An image is called positive where its score is at least the threshold.
    """
    if len(np.unique(labels)) < 2:
        return float("nan")
    false_positive, true_positive, thresholds = roc_curve(labels, np.asarray(scores, np.float64))
    return float(thresholds[1:][np.argmax((true_positive - false_positive)[1:])])


def threshold_metrics(labels: NDArray, scores: NDArray, threshold: float) -> dict[str, float]:
    """Sensitivity, specificity, F1 and accuracy at a threshold; NaN without a threshold or a class."""
    positive, called = labels == 1, np.asarray(scores, np.float64) >= threshold
    if np.isnan(threshold):
        return dict.fromkeys(("sensitivity", "specificity", "f1", "accuracy"), float("nan"))
    true_positives = (positive & called).sum()
    return {
        "sensitivity": _share(true_positives, positive.sum()),
        "specificity": _share((~positive & ~called).sum(), (~positive).sum()),
        "f1": _share(2 * true_positives, positive.sum() + called.sum()),
        "accuracy": _share((positive == called).sum(), len(labels)),
    }


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else float("nan")


def patient_weights(patients: Sequence[str] | NDArray, resamples: int, seed: int) -> NDArray[np.uint16]:
    """Draw bootstrap resamples of patients: how often each image counts in each resample.

    Patients are drawn with replacement and bring all their images (the cluster bootstrap; Davison and Hinkley 1997,
    section 3.8).

    Returns:
        Counts of shape (resamples, images).
    """
    names, codes = np.unique(np.asarray(patients), return_inverse=True)
    generator = np.random.default_rng(seed)
    counts = np.empty((resamples, len(names)), np.uint16)
    for row in counts:
        row[:] = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
    return counts[:, codes]


def weighted_aucs(labels: NDArray, scores: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """AUC under each row of ``weights``, sorted once for all.

    Equal to ``roc_auc_score(labels, scores, sample_weight=row)`` for every row.

    Args:
        labels: 0 or 1, shape (images,).
        scores: shape (images,).
        weights: not negative, shape (resamples, images).

    Returns:
        Shape (resamples,); NaN where a resample holds only one class.
    """
    scores = np.asarray(scores, np.float64)
    order = np.argsort(scores, kind="stable")
    ties = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    positive = labels[order] == 1
    parts = [_sorted_aucs(chunk[:, order], positive, ties) for chunk in _chunks(weights)]
    return np.concatenate(parts) if parts else np.empty(0)


def _chunks(weights: NDArray) -> Iterator[NDArray]:
    for start in range(0, len(weights), _CHUNK):
        yield weights[start : start + _CHUNK].astype(np.float64)


def _sorted_aucs(weights: NDArray, positive: NDArray, ties: NDArray) -> NDArray[np.float64]:
    """AUC as the share of (positive, negative) pairs in order, a tie counting half, in float64 sums of counts."""
    positives = np.add.reduceat(weights * positive, ties, axis=1)
    negatives = np.add.reduceat(weights * ~positive, ties, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.where(pairs > 0, (positives * below).sum(axis=1) / np.where(pairs > 0, pairs, 1), np.nan)


def interval(replicates: NDArray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap replicates, those that could not be computed left out."""
    usable = replicates[~np.isnan(replicates)]
    if not len(usable):
        return float("nan"), float("nan")
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
