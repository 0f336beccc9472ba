"""The interval of an AUC, the same wherever it is shown.

With few patients, DeLong's variance is as often too small as too large, and 0 with perfect separation. So it is
moderated (Smyth, Statistical Applications in Genetics and Molecular Biology 2004): drawn towards what
Newcombe's method 5 (Statistics in Medicine 2006, part 2) expects of so many patients, the less so the more patients
carry it. As in method 5 a limit is an AUC that lies so many of its own standard errors away, here by Student's t.
Patients with several images count as fewer than their images and more than one each (Kish 1965).
``docs/calibration.md`` shows how often these cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from crossray.analysis.delong import contributions
from crossray.statistics import auc

LEVEL = 0.95

#: what Newcombe's variance weighs, in patients that carry DeLong's
_PRIOR = 12.0
#: prior correlation of the images of a patient
ALIKE = 0.7
#: halvings of a range of 1 at most
_HALVINGS = 45


@dataclass(frozen=True)
class Measured:
    """An AUC and what is known of its error.

    Attributes:
        auc: the estimate.
        parts: what each patient contributes to its error, shape (patients,).
        positives: images with the finding, as many as would say as much if each had its own patient.
        negatives: those without.
        ratio: the moderated variance over that of Newcombe's method 5.
        freedom: degrees of freedom of the moderated variance.
    """

    auc: float
    parts: NDArray[np.float64]
    positives: float
    negatives: float
    ratio: float
    freedom: float


def measure_auc(labels: NDArray, scores: NDArray, patients: NDArray, count: int) -> Measured:
    """Measure an AUC.

    Args:
        labels: 0 or 1, both present, shape (images,).
        scores: larger is more positive, shape (images,).
        patients: number of the patient of each image, from 0, shape (images,).
        count: number of patients; those without an image here contribute nothing.
    """
    value, parts = auc(labels, scores), contributions(labels, scores, patients, count)
    positive = np.asarray(labels) == 1
    sizes = independent(patients[positive]), independent(patients[~positive])
    found = float((parts**2).sum())
    return Measured(value, parts, *sizes, *moderated_variance(value, *sizes, found, carriers(parts)))


def moderated_variance(
    value: float, positives: float, negatives: float, found: float, carried: float
) -> tuple[float, float]:  # fmt: skip
    """Draw a variance towards that of Newcombe's method 5.

    Args:
        value: the AUC.
        positives: independent images with the finding.
        negatives: those without.
        found: its variance.
        carried: degrees of freedom of that.

    Returns:
        What the variance of method 5 is multiplied by, and the degrees of freedom of the product.
    """
    expected = float(newcombe_variance(value, positives, negatives))
    weight = carried / (carried + _PRIOR)
    return weight * found / expected + 1 - weight if expected > 0 else 1.0, carried + _PRIOR


def independent(patients: NDArray) -> float:
    """Return how many images of one patient each would say as much as these (Kish, Survey Sampling 1965, chapter 5)."""
    images = np.unique(patients, return_counts=True)[1]
    return float(images.sum() ** 2 / (images * (1 + ALIKE * (images - 1))).sum())


def carriers(parts: NDArray) -> float:
    """Return Satterthwaite's degrees of freedom of a sum of squares: few where few parts carry it, 0 where it is 0."""
    squares = parts[parts != 0] ** 2
    if not len(squares):
        return 0.0
    squares = squares / squares.max()
    return float(2 * squares.sum() ** 2 / (squares**2).sum())


def newcombe_variance(aucs: ArrayLike, positives: ArrayLike, negatives: ArrayLike) -> NDArray[np.float64]:
    """Variance of AUCs by Newcombe's method 5: Hanley and McNeil's (Radiology 1982), of classes of the mean size."""
    aucs, positives, negatives = (np.asarray(values, np.float64) for values in (aucs, positives, negatives))
    return _variance(aucs, (positives + negatives) / 2 - 1, positives * negatives)


def _variance(aucs: NDArray, others: NDArray, products: NDArray) -> NDArray[np.float64]:
    """Return :func:`newcombe_variance` by what it takes of the sizes."""
    rest = 1 - aucs
    pairs = 1 + others * (rest / (2 - aucs) + aucs / (1 + aucs))
    return aucs * rest * pairs / products


def limits(
    aucs: ArrayLike, positives: ArrayLike, negatives: ArrayLike, ratios: ArrayLike, reach: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Lower and upper limits of AUCs: those that lie ``reach`` of their own standard errors away from the estimates.

    With ratios of 1 and the normal quantile this is Newcombe's method 5. Limits are within 0 and 1, and apart.

    Args:
        aucs: estimates; all arguments are of one shape, or numbers.
        positives: independent images with the finding.
        negatives: those without.
        ratios: what the variance of method 5 is multiplied by.
        reach: a quantile, of Student's t or of the normal distribution.
    """
    positives, negatives = np.asarray(positives, np.float64), np.asarray(negatives, np.float64)
    aucs, scale, others, products = np.broadcast_arrays(
        np.asarray(aucs, np.float64), np.asarray(reach, np.float64) ** 2 * np.asarray(ratios, np.float64),
        (positives + negatives) / 2 - 1, positives * negatives,
    )  # fmt: skip
    outside = np.stack([np.zeros(aucs.shape), np.ones(aucs.shape)])
    inside, certain = np.stack([aucs, aucs]), aucs == outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        reached = (middle - aucs) ** 2 <= scale * _variance(middle, others, products)
        np.copyto(inside, middle, where=reached)
        np.copyto(outside, middle, where=~reached)
    low, high = np.where(certain, aucs, inside)
    return low, high


def interval(measured: Measured, level: float = LEVEL) -> tuple[float, float]:
    """Interval of an AUC."""
    low, high = intervals([measured], level)
    return float(low[0]), float(high[0])


def intervals(
    several: Sequence[Measured], level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Lower and upper limits of each of several AUCs, shape (AUCs,)."""
    return limits_of(several, student(np.array([one.freedom for one in several]), level))


def limits_of(several: Sequence[Measured], reach: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the limits of each AUC, so many standard errors away."""
    aucs, positives, negatives, ratios = np.array(
        [(one.auc, one.positives, one.negatives, one.ratio) for one in several]
    ).T
    return limits(aucs, positives, negatives, ratios, reach)


def student(freedom: ArrayLike, level: float) -> NDArray[np.float64]:
    """Return the quantiles of Student's t for an interval."""
    return np.asarray(scipy.special.stdtrit(freedom, (1 + level) / 2))
