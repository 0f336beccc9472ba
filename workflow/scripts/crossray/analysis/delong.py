"""The variance of an AUC without resampling.

DeLong, DeLong and Clarke-Pearson (Biometrics 1988), with ranks instead of all pairs (Sun and Xu, IEEE Signal Processing
Letters 2014), and patients with several images as clusters (Obuchowski, Biometrics 1997). Every AUC has a vector of
each patient's contribution to its error; AUCs that share patients are compared by adding and subtracting vectors.
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
