"""AUCs that are measured by several trainings of a model, and their means and differences.

Their intervals and tests are for other patients, and for other trainings too where these are enough to say what other
ones would change (:mod:`crossray.analysis.trainings`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.special
from numpy.typing import NDArray

from crossray.analysis import auc_differences, intervals
from crossray.analysis.auc_differences import Difference, ended_at_zero
from crossray.analysis.intervals import Measured, measure_auc, newcombe_variance
from crossray.analysis.trainings import Trainings, Weighted, pool, variance, widened

#: trainings from which on their variance is estimated; two leave it one degree of freedom
FEWEST = 3


@dataclass(frozen=True)
class Repeated:
    """The mean AUC of several trainings of a model on the same images, or the AUC of one.

    Attributes:
        measured: their mean, and what is known of its error over patients.
        aucs: each of them, shape (trainings,).
        residual: variance of one that patients make and the trainings do not share.
        trainings: what other trainings would change; None where these are meant.
    """

    measured: Measured
    aucs: NDArray[np.float64]
    residual: float
    trainings: Trainings | None = None


def measure(labels: NDArray, scores: Sequence[NDArray], patients: NDArray, count: int) -> Repeated:
    """Measure the AUCs of trainings and their mean.

    The moderated variances are averaged, and made smaller as the trainings do not err on the same patients.

    Args:
        labels: 0 or 1, both present, shape (images,).
        scores: of each training, shape (images,).
        patients: number of the patient of each image, from 0, shape (images,).
        count: number of patients.
    """
    several = [measure_auc(labels, one, patients, count) for one in scores]
    first, aucs = several[0], np.array([one.auc for one in several])
    if len(several) == 1:
        return Repeated(first, aucs, 0.0)
    value, parts = math.fsum(aucs) / len(aucs), np.mean([one.parts for one in several], axis=0)
    own, shared = float(np.mean([(one.parts**2).sum() for one in several])), float((parts**2).sum())
    sizes = first.positives, first.negatives
    moderated = np.mean([one.ratio * newcombe_variance(one.auc, *sizes) for one in several])
    expected = float(newcombe_variance(value, *sizes))
    ratio = float(moderated) / expected * (shared / own if own else 1.0) if expected > 0 else 1.0
    freedom = float(np.mean([one.freedom for one in several]))
    residual = max(own - shared, 0.0) * len(several) / (len(several) - 1)
    return Repeated(Measured(value, parts, *sizes, ratio, freedom), aucs, residual)


def pooled(of: str, places: Sequence[Repeated]) -> list[Repeated]:
    """Return numbers of the same trainings with what other trainings would change.

    Args:
        of: names the trainings.
        places: what they were measured on; fewer than three trainings say nothing of others.
    """
    if not places or len(places[0].aucs) < FEWEST:
        return list(places)
    found = pool(of, [place.aucs for place in places], [place.residual for place in places])
    return [replace(place, trainings=one) for place, one in zip(places, found, strict=True)]


def interval(one: Repeated) -> tuple[float, float]:
    """Interval of an AUC for other patients, and for other trainings where it is known what they change."""
    low, high = intervals.interval(one.measured)
    return widened(one.measured.auc, low, high, _weighted([one], ()), 0.0)


def mean_interval(several: Sequence[Repeated]) -> tuple[float, float]:
    """Interval of the mean of AUCs of the same patients."""
    measured = [one.measured for one in several]
    value = math.fsum(one.auc for one in measured) / len(measured)
    return widened(value, *auc_differences.mean_interval(measured), _weighted(several, ()), 0.0)


def difference(first: Sequence[Repeated], second: Sequence[Repeated]) -> Difference:
    """Compare two means of AUCs of different images; all parts are of the same patients, in the same order."""
    found = auc_differences.difference([one.measured for one in first], [one.measured for one in second])
    return _difference(found, _weighted(first, second))


def paired_difference(first: Sequence[Repeated], second: Sequence[Repeated]) -> Difference:
    """Compare two means of AUCs of the same images."""
    found = auc_differences.paired_difference([one.measured for one in first], [one.measured for one in second])
    return _difference(found, _weighted(first, second))


def _difference(found: Difference, trainings: Weighted) -> Difference:
    """Return a difference whose limits, and whose p value, are for other trainings too."""
    moved, freedom = variance(trainings)
    if not moved:
        return found
    low, high = widened(found.value, found.low, found.high, trainings, -1.0)
    whole = found.error**2 + moved
    p = 2 * float(scipy.special.stdtr(freedom * (whole / moved) ** 2, -abs(found.value) / math.sqrt(whole)))
    return Difference(found.value, *ended_at_zero(found.value, low, high, p), p, math.sqrt(whole))


def _weighted(first: Sequence[Repeated], second: Sequence[Repeated]) -> Weighted:
    """Return how much each AUC is of the mean of the first less that of the second."""
    weights = [1 / len(first)] * len(first) + [-1 / max(len(second), 1)] * len(second)
    known = zip(weights, (one.trainings for one in (*first, *second)), strict=True)
    return tuple((weight, one) for weight, one in known if one is not None)
