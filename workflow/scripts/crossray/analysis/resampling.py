"""The bootstrap over patients: metrics under a thousand resamples at once.

Patients are drawn with replacement and bring all their images (the cluster bootstrap; Davison and Hinkley 1997, section
3.8). A resample is a row of counts, how often each image is in it, so every metric takes a matrix of weights.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

#: resamples at a time; a larger block falls out of the processor's cache
_CHUNK = 50


def patient_weights(patients: Sequence[str] | NDArray, resamples: int, seed: int) -> NDArray[np.uint16]:
    """Draw resamples of patients.

    Returns:
        Counts of shape (resamples, images).
    """
    names, codes = np.unique(np.asarray(patients), return_inverse=True)
    generator = np.random.default_rng(seed)
    counts = np.empty((resamples, len(names)), np.uint16)
    for row in counts:
        row[:] = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
    return counts[:, codes]


def weighted_ranking(labels: NDArray, scores: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """AUC and average precision under each row of ``weights``, sorted once for all.

    Equal to ``roc_auc_score`` and ``average_precision_score`` with ``sample_weight=row``, for every row.

    Args:
        labels: 0 or 1, shape (images,).
        scores: larger is more positive, shape (images,).
        weights: at least 0, shape (resamples, images); counts are summed as whole numbers, exactly.

    Returns:
        Two arrays of shape (resamples,); NaN where a resample holds only one class.
    """
    scores, positive = np.asarray(scores, np.float64), np.asarray(labels) == 1
    # From the highest score down, so that sums run over what is called positive at each threshold.
    positives = np.flatnonzero(positive)[np.argsort(-scores[positive], kind="stable")]
    negatives = np.flatnonzero(~positive)[np.argsort(-scores[~positive], kind="stable")]
    above = np.searchsorted(-scores[negatives], -scores[positives], side="left")
    not_below = np.searchsorted(-scores[negatives], -scores[positives], side="right")
    last_tied = np.searchsorted(-scores[positives], -scores[positives], side="right")
    parts = [
        _ranking(chunk[:, positives], chunk[:, negatives], above, not_below, last_tied) for chunk in _chunks(weights)
    ]
    aucs, precisions = zip(*parts, strict=True)
    return np.concatenate(aucs), np.concatenate(precisions)


def _chunks(weights: NDArray) -> Iterator[NDArray]:
    for start in range(0, len(weights), _CHUNK):
        yield weights[start : start + _CHUNK]


def _ranking(
    positives: NDArray, negatives: NDArray, above: NDArray, not_below: NDArray, last_tied: NDArray
) -> tuple[NDArray, NDArray]:
    """Rank a block of resamples."""
    false = _summed(negatives)
    true = _summed(positives)[:, last_tied].astype(np.float64)
    counted = positives.astype(np.float64)
    before, until = false[:, above].astype(np.float64), false[:, not_below].astype(np.float64)
    total, all_negative = counted.sum(axis=1), false[:, -1].astype(np.float64)
    defined = (total > 0) & (all_negative > 0)
    beaten = (counted * (all_negative[:, None] - (before + until) / 2)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(true + until > 0, true / (true + until), 0.0)
        aucs, precisions = beaten / (total * all_negative), (counted * precision).sum(axis=1) / total
    return np.where(defined, aucs, np.nan), np.where(defined, precisions, np.nan)


def _summed(weights: NDArray) -> NDArray:
    """Return cumulative sums along each row, with a 0 before the first; of counts as int32, which is exact."""
    kind = np.int32 if weights.dtype.kind in "iu" else np.float64
    sums = np.zeros((weights.shape[0], weights.shape[1] + 1), kind)
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums


def weighted_sums(weights: NDArray, values: NDArray) -> NDArray[np.float64]:
    """Sum columns of values under each row of weights: (resamples, images) x (images, columns)."""
    columns = np.asarray(values, np.float64)
    return np.concatenate([chunk.astype(np.float64) @ columns for chunk in _chunks(weights)])


def interval(replicates: NDArray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap replicates, those that could not be computed left out."""
    usable = replicates[~np.isnan(replicates)]
    if not len(usable):
        return float("nan"), float("nan")
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def with_interval(name: str, value: float, replicates: NDArray) -> dict[str, float]:
    """Return a number and its percentile interval as the columns ``name``, ``name_low`` and ``name_high``."""
    low, high = interval(replicates)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
