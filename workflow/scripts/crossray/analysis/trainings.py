"""Trainings of a model as a sample, like patients: how much its AUCs vary between seeds.

Trainings are the readers of a multi-reader multi-case study with one reading method (Obuchowski and Rockette,
Communications in Statistics 1995; Hillis, Statistics in Medicine 2007), and both they and the patients are random. The
variance of a mean of R trainings is that over patients, which says how the trainings' errors go together, and a R-th
of what trainings differ by beyond that. The latter is pooled over the targets and tasks of a model on the scale of the
logit of the AUC, where it is about the same for all of them, as seeds are few.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from crossray.analysis.intervals import LEVEL

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
