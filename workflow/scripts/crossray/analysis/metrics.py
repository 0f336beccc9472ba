"""Metrics. Scores are ranked in float64; what cannot be computed is NaN, never a number."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve


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


def error_threshold(labels: NDArray, scores: NDArray) -> float:
    """Score at which the fewest images are called wrongly, the highest of such; NaN where one class is missing."""
    if len(np.unique(labels)) < 2:
        return float("nan")
    false_positive, true_positive, thresholds = roc_curve(labels, np.asarray(scores, np.float64))
    positives, negatives = (labels == 1).sum(), (labels == 0).sum()
    errors = false_positive * negatives + (1 - true_positive) * positives
    return float(thresholds[1:][np.argmin(errors[1:])])


def precision_threshold(labels: NDArray, scores: NDArray, precision: float) -> float:
    """Lowest score from which on at least this share of the positive calls is right; NaN where there is none.

    The lowest has the highest sensitivity of all that reach the precision.
    """
    if len(np.unique(labels)) < 2:
        return float("nan")
    precisions, _, thresholds = precision_recall_curve(labels, np.asarray(scores, np.float64))
    reached = np.flatnonzero(precisions[:-1] >= precision)
    return float(thresholds[reached[0]]) if len(reached) else float("nan")


def calibrated(logits: NDArray, threshold: float) -> NDArray[np.float64]:
    """Map logits to 0 to 1 so that the operating point comes to 0.5 (Cohen et al. 2020, equation 2).

    With x the probability and t the threshold's: x / 2t up to the threshold, 1 - (1 - x) / 2(1 - t) above it.
    """
    logits = np.asarray(logits, np.float64)
    # logits are compared, and 1 - x is taken from them, as probabilities of sure images are all 1
    above = 1 - expit(-logits) / (2 * expit(-threshold))
    return np.where(logits <= threshold, expit(logits) / (2 * expit(threshold)), above)


def brier_score(labels: NDArray, probabilities: NDArray) -> float:
    """Mean squared difference between probability and label (Brier 1950)."""
    return float(np.mean((probabilities - labels) ** 2)) if len(labels) else float("nan")


def calibration_bins(probabilities: NDArray, bins: int) -> NDArray[np.int64]:
    """Return the bin of each probability: equal widths from 0 to 1, a border belonging to the bin below it."""
    return np.clip(np.ceil(np.asarray(probabilities) * bins).astype(np.int64) - 1, 0, bins - 1)


def calibration_error(labels: NDArray, probabilities: NDArray, patients: NDArray, bins: int = 10) -> float:
    """Calibration error without its bias: distance of observed share and mean probability over equal-width bins.

    The root of the mean square, each bin's square less what chance makes of it, so that a calibrated model has 0 on
    average but for the root of what is below 0, which is 0 (Kumar, Liang and Ma, NeurIPS 2019, section 5). Expected
    calibration error (Naeini and others, AAAI 2015) grows as images get fewer. Bins weigh as many images as they hold.

    Args:
        labels: 0 or 1, shape (images,).
        probabilities: 0 to 1, shape (images,).
        patients: number of the patient of each image, from 0, shape (images,).
        bins: how many there are.
    """
    if not len(labels):
        return float("nan")
    given = np.asarray(probabilities, np.float64)
    places = calibration_bins(given, bins)
    images = np.bincount(places, minlength=bins)
    gaps = np.bincount(places, given - labels, bins)
    by_chance = calibration_chance(labels, given, patients, bins)
    squares = np.divide(gaps**2, images, out=np.zeros(bins), where=images > 0).sum() - by_chance
    return float(np.sqrt(max(squares, 0.0) / len(labels)))


def calibration_chance(labels: NDArray, probabilities: NDArray, patients: NDArray, bins: int) -> float:
    """Return what chance adds to the sum of images times squared gaps over bins, patients being drawn at random."""
    given = np.asarray(probabilities, np.float64)
    places = calibration_bins(given, bins)
    total = 0.0
    for place in np.unique(places):
        here = places == place
        rest = given[here] - labels[here]
        owners = np.unique(np.asarray(patients)[here], return_inverse=True)[1]
        several = int(owners.max()) + 1
        if several > 1:
            sums = np.bincount(owners, rest - rest.mean())
            total += float((sums**2).sum()) * several / (several - 1) / len(rest)
        else:  # one patient does not vary; so much does a label of this probability
            total += float((given[here] * (1 - given[here])).sum())
    return total


def kappa_of_counts(both: NDArray, first: NDArray, second: NDArray, images: NDArray) -> NDArray[np.float64]:
    """Cohen's kappa (1960) of two yes-or-no ratings from counts; arrays of any shape.

    Args:
        both: images that both call positive.
        first: images that the first calls positive.
        second: images that the second calls positive.
        images: all.

    Returns:
        NaN where both ratings are constant and equal.
    """
    agreed = (images - first - second + 2 * both) / images
    expected = (first * second + (images - first) * (images - second)) / images**2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1, (agreed - expected) / (1 - expected), np.nan)


def limits_of_agreement(first: NDArray, second: NDArray) -> tuple[float, float, float]:
    """Mean difference of two measurements and its limits, mean +- 1.96 standard deviations (Bland and Altman 1986)."""
    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    mean, spread = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
    return mean, mean - spread, mean + spread
