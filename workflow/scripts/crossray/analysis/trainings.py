"""Trainings of a model as a sample, like patients: how much its AUCs vary between seeds.

Trainings are the readers of a multi-reader multi-case study with one reading method (Obuchowski and Rockette,
Communications in Statistics 1995; Hillis, Statistics in Medicine 2007), and both they and the patients are random. The
variance of a mean of R trainings is that over patients, which says how the trainings' errors go together, and a R-th
of what trainings differ by beyond that. The latter is pooled over the targets and tasks of a model on the scale of the
logit of the AUC, where it is about the same for all of them, as seeds are few.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from crossray.analysis import intervals
from crossray.analysis.intervals import LEVEL, Difference, Measured, measure_auc, newcombe_variance

#: trainings from which on their variance is estimated; two leave it one degree of freedom
FEWEST = 3

#: the slope of an AUC over its logit, at least: beyond an AUC of 0.98 logits of few patients say nothing
_LEAST_SLOPE = 0.02
_NORMAL = float(scipy.special.ndtri((1 + LEVEL) / 2))
#: deviations below this are rounding
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Trainings:
    """What other trainings would make of an AUC that is the mean of several.

    Attributes:
        of: names the trainings; numbers of the same ones vary together.
        parts: what each contributes to the error, shape (trainings,); squares sum to the variance.
        freedom: degrees of freedom of what their AUCs vary by.
        share: how much of that is theirs and not that of patients.
    """

    of: str
    parts: NDArray[np.float64]
    freedom: float
    share: float


#: weights, and what they weigh
Weighted = tuple[tuple[float, Trainings], ...]


def pool(of: str, aucs: ArrayLike, residuals: ArrayLike) -> list[Trainings]:
    """Estimate what other trainings would change, the same ones measured at several places.

    Their variance is the mean over places of what the AUCs vary by, less what they do as each training errs on other
    patients. It has the degrees of freedom of the trainings for each place that speaks for itself (Satterthwaite, by
    the places' covariance: as many as trainings less one at most).

    Args:
        of: names the trainings.
        aucs: shape (places, trainings), three trainings at least.
        residuals: variance of each place's AUCs that patients make and the trainings do not share, shape (places,).

    Returns:
        One for each place.
    """
    aucs = np.asarray(aucs, np.float64)
    several = aucs.shape[1]
    means = aucs.mean(axis=1)
    slopes = np.maximum(means * (1 - means), _LEAST_SLOPE)
    deviations = (aucs - means[:, None]) / slopes[:, None]
    products = deviations.T @ deviations / (several - 1)
    total = float(np.trace(products))
    beyond = max(total - float((np.asarray(residuals) / slopes**2).sum()), 0.0) / len(aucs)
    places = total**2 / float((products**2).sum()) if total > _ROUNDING else 1.0
    errors = math.sqrt(beyond / several) * slopes
    share = beyond * len(aucs) / total if total > _ROUNDING else 0.0
    found = []
    for number, (deviation, error) in enumerate(zip(deviations, errors, strict=True)):
        length = math.sqrt(float((deviation**2).sum()))
        # what does not vary goes with nothing else
        name, parts = (of, error * deviation / length) if length > _ROUNDING else (f"{of}/{number}", np.array([error]))
        found.append(Trainings(name, parts, (several - 1) * places, share))
    return found


def variance(several: Weighted) -> tuple[float, float]:
    """Return the variance of a weighted sum that trainings make, and its degrees of freedom (Satterthwaite).

    The fewer of what the AUCs vary by is theirs, the fewer these are, as the rest was subtracted.

    How two numbers of the same trainings go together is known from these trainings alone, so that their sum has as many
    degrees of freedom as they have deviations.
    """
    sums: dict[str, NDArray[np.float64]] = {}
    freedoms: dict[str, float] = {}
    for weight, one in several:
        if one.of in sums:
            sums[one.of] = sums[one.of] + weight * one.parts
            freedoms[one.of] = (len(one.parts) - 1.0) * one.share**2
        else:
            sums[one.of], freedoms[one.of] = weight * one.parts, one.freedom * one.share**2
    variances = {of: float((parts**2).sum()) for of, parts in sums.items()}
    whole = math.fsum(variances.values())
    if not whole:
        return 0.0, math.inf
    return whole, whole**2 / math.fsum(one**2 / freedoms[of] for of, one in variances.items() if one)


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
    return widened(value, *intervals.mean_interval(measured), _weighted(several, ()), 0.0)


def difference(first: Sequence[Repeated], second: Sequence[Repeated]) -> Difference:
    """Compare two means of AUCs of different images; all parts are of the same patients, in the same order."""
    found = intervals.difference([one.measured for one in first], [one.measured for one in second])
    return _difference(found, _weighted(first, second))


def paired_difference(first: Sequence[Repeated], second: Sequence[Repeated]) -> Difference:
    """Compare two means of AUCs of the same images."""
    found = intervals.paired_difference([one.measured for one in first], [one.measured for one in second])
    return _difference(found, _weighted(first, second))


def widened(value: float, low: float, high: float, trainings: Weighted, least: float) -> tuple[float, float]:
    """Widen an interval for other patients to one for other trainings too.

    Both variances add up, that over patients as recovered from its limits, and Student's t has the degrees of freedom
    that Satterthwaite gives their sum.

    Args:
        value: the number.
        low: its lower limit for other patients.
        high: its upper one.
        trainings: how much of the number each AUC is, and what other trainings would make of that.
        least: the smallest number that it can be.
    """
    moved, freedom = variance(trainings)
    if not moved:
        return low, high
    ends = []
    for distance in (value - low, high - value):
        whole = (distance / _NORMAL) ** 2 + moved
        quantile = float(scipy.special.stdtrit(freedom * (whole / moved) ** 2, (1 + LEVEL) / 2))
        ends.append(quantile * math.sqrt(whole))
    return max(value - ends[0], least), min(value + ends[1], 1.0)


def _difference(found: Difference, trainings: Weighted) -> Difference:
    """Return a difference whose limits, and whose p value, are for other trainings too."""
    moved, freedom = variance(trainings)
    if not moved:
        return found
    low, high = widened(found.value, found.low, found.high, trainings, -1.0)
    towards_zero = found.value - found.low if found.value > 0 else found.high - found.value
    whole = (towards_zero / _NORMAL) ** 2 + moved
    p = 2 * float(scipy.special.stdtr(freedom * (whole / moved) ** 2, -abs(found.value) / math.sqrt(whole)))
    return Difference(found.value, low, high, p)


def _weighted(first: Sequence[Repeated], second: Sequence[Repeated]) -> Weighted:
    """Return how much each AUC is of the mean of the first less that of the second."""
    weights = [1 / len(first)] * len(first) + [-1 / max(len(second), 1)] * len(second)
    known = zip(weights, (one.trainings for one in (*first, *second)), strict=True)
    return tuple((weight, one) for weight, one in known if one is not None)
