"""The variance of an AUC without resampling, and tests of differences between AUCs.

DeLong, DeLong and Clarke-Pearson (Biometrics 1988), with ranks instead of all pairs (Sun and Xu, IEEE Signal Processing
Letters 2014), and patients with several images as clusters (Obuchowski, Biometrics 1997). Every AUC becomes a vector of
what each patient contributes to its error; AUCs that share patients are compared by adding and subtracting vectors.
"""

import numpy as np
import scipy.stats
from numpy.typing import NDArray


def contributions(labels: NDArray, scores: NDArray, patients: NDArray, count: int) -> NDArray[np.float64]:
    """Return what each patient contributes to the error of an AUC.

    The squares sum to the variance: DeLong's where every patient has one image, else Obuchowski's but for her factor on
    the term of patients with both classes, which differs by about one part in the number of patients.

    Args:
        labels: 0 or 1, both present, shape (images,).
        scores: shape (images,).
        patients: number of the patient of each image, from 0, shape (images,).
        count: number of patients; those without an image here contribute 0.

    Returns:
        Shape (count,).
    """
    scores, positive = np.asarray(scores, np.float64), np.asarray(labels) == 1
    m, n = int(positive.sum()), int((~positive).sum())
    ranks = scipy.stats.rankdata(scores)
    # Placements: the share of the other class that each image beats, a tie counting half.
    of_positives = (ranks[positive] - scipy.stats.rankdata(scores[positive])) / n
    of_negatives = 1 - (ranks[~positive] - scipy.stats.rankdata(scores[~positive])) / m
    auc = of_positives.mean()
    total = np.zeros(count)
    for placements, owners in ((of_positives, patients[positive]), (of_negatives, patients[~positive])):
        clusters = len(np.unique(owners))
        factor = np.sqrt(clusters / (clusters - 1)) if clusters > 1 else 1.0
        total += factor / len(placements) * np.bincount(owners, placements - auc, count)
    return total


def delong_interval(auc: float, variance: float, smaller: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of an AUC on the logit scale, which keeps it within 0 and 1 (Pepe 2003, section 5.2).

    Where the classes are separated without an error, or all are wrong, the variance says nothing. The interval is then
    that of a share none of whose ``smaller`` trials failed (Clopper and Pearson 1934).

    Args:
        auc: the estimate.
        variance: of the estimate.
        smaller: the number of positives or of negatives, whichever is smaller.
        level: of confidence.
    """
    if auc in (0.0, 1.0):
        bound = ((1 - level) / 2) ** (1 / smaller)
        return (bound, 1.0) if auc else (0.0, 1 - bound)
    centre = np.log(auc / (1 - auc))
    reach = scipy.stats.norm.isf((1 - level) / 2) * np.sqrt(variance) / (auc * (1 - auc))
    return float(1 / (1 + np.exp(reach - centre))), float(1 / (1 + np.exp(-reach - centre)))


def z_test(difference: float, variance: float) -> float:
    """Two-sided p of a difference against 0 by the normal distribution; NaN without a variance."""
    return float(2 * scipy.stats.norm.sf(abs(difference) / np.sqrt(variance))) if variance > 0 else float("nan")


def wald_interval(value: float, variance: float, level: float = 0.95) -> tuple[float, float]:
    """Interval of a difference by the normal distribution."""
    reach = scipy.stats.norm.isf((1 - level) / 2) * np.sqrt(variance)
    return float(value - reach), float(value + reach)
