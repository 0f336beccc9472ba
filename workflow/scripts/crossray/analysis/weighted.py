"""Numbers of a stratified sample of films: weights that keep them unbiased, and their intervals.

A film weighs the films of its stratum over those of it that were read (Hajek's ratio of the totals of Horvitz and
Thompson, Journal of the American Statistical Association 1952; less its bias, Tin, the same 1965). The variance is
linearised (Binder, International Statistical Review 1983), patients as clusters. It is that for other patients of the
same hospital, not for the films of the list alone, so it has no finite population correction. Intervals are those of
:mod:`crossray.analysis.intervals` and :mod:`crossray.analysis.shares`, at as many films as the weighted ones are worth.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from crossray.analysis import shares
from crossray.analysis.intervals import LEVEL, carriers, independent, limits, moderated_variance
from crossray.analysis.sums import Limits

#: degrees of freedom that the expected variance counts for
_PRIOR = 12.0


@dataclass(frozen=True)
class Sample:
    """Films that were read.

    Attributes:
        strata: stratum of each, shape (films,).
        units: number of its unit, a film or a whole patient; units of one stratum are drawn with equal probability.
        patients: number of its patient.
        sizes: units of each stratum that there are, read or not, shape (strata,).
    """

    strata: NDArray[np.int64]
    units: NDArray[np.int64]
    patients: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @cached_property
    def _owners(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Number of each film's unit from 0, and the stratum and the patient of each unit."""
        _, first, unit = np.unique(self.units, return_index=True, return_inverse=True)
        patients = np.unique(self.patients, return_inverse=True)[1]
        return unit, self.strata[first], patients[first]

    @cached_property
    def read(self) -> NDArray[np.int64]:
        """Units of each stratum that were read, shape (strata,)."""
        return np.bincount(self._owners[1], minlength=len(self.sizes))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """For how many units each film's stands, shape (films,)."""
        return (self.sizes / np.maximum(self.read, 1))[self.strata]

    def parts(self, influence: NDArray) -> tuple[NDArray[np.float64], float]:
        """Return what each patient adds to the error of a sum over films, and the variance of it that strata explain.

        Args:
            influence: what each film adds to the sum, unweighted, shape (films,).
        """
        unit, strata, patients = self._owners
        sums = np.bincount(unit, influence)
        read = self.read[strata]
        means = np.bincount(strata, sums, len(self.sizes)) / np.maximum(self.read, 1)
        # of a stratum with one unit nothing is known but that its mean is 0 if strata do not matter
        own = np.where(read > 1, sums - means[strata], sums)
        own *= (self.sizes / np.maximum(self.read, 1))[strata] * np.sqrt(read / np.maximum(read - 1, 1))
        return np.bincount(patients, own).astype(np.float64), float((self.sizes * means**2).sum())


def share(sample: Sample, among: NDArray[np.bool_], hits: NDArray[np.bool_]) -> Limits:
    """Return a share, and its limits; NaN where no film is among those that it is of.

    Args:
        sample: the films.
        among: which of them it is a share of.
        hits: which of them it counts.
    """
    whole = float(sample.weights[among].sum())
    if not whole:
        return float("nan"), float("nan"), float("nan")
    raw = float(sample.weights[among & hits].sum()) / whole
    value = min(max(raw + _ratio_bias(sample, among * (hits - raw) / whole, among / whole), 0.0), 1.0)
    low, high = shares.of_size(value, _worth(sample, among, hits, raw, whole))
    return value, low, high


def _ratio_bias(sample: Sample, influence: NDArray, denominator: NDArray) -> float:
    """Return by how much a ratio is too small: the covariance of its error and of its denominator (Tin 1965)."""
    return float(sample.parts(influence)[0] @ sample.parts(denominator)[0])


def _worth(sample: Sample, among: NDArray, hits: NDArray, value: float, whole: float) -> float:
    """Return how many films of one patient each, taken as they come, would say as much about a share."""
    images, weights, owners = int(among.sum()), sample.weights[among], sample.patients[among]
    expected = images * float((weights**2).sum()) / whole**2 * images / independent(owners)
    count = len(np.unique(owners))
    parts, between = sample.parts(among * (hits - value) / whole)
    plain = value * (1 - value) / images
    found = (float((parts**2).sum()) + between) / plain if plain > 0 and count > 1 else expected
    freedom = carriers(parts) + _PRIOR if plain > 0 else count + _PRIOR
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2))
    return images / shares.moderated(found, expected, count) / reach**2


def auc(
    sample: Sample, positive: NDArray[np.bool_], negative: NDArray[np.bool_], scores: NDArray[np.float64]
) -> Limits:  # fmt: skip
    """Return an AUC, and its limits.

    Args:
        sample: the films.
        positive: which have the finding, at least one.
        negative: which have not, at least one.
        scores: larger is more positive; those of other films are not used.
    """
    weights = sample.weights
    totals = [float(weights[rows].sum()) for rows in (positive, negative)]
    values = np.where(positive | negative, scores, 0.0)
    beaten = _weight_below(values, weights * negative) / totals[1]
    beating = 1 - _weight_below(values, weights * positive) / totals[0]
    value = float((weights * beaten)[positive].sum()) / totals[0]
    of_each = positive * (beaten - value) / totals[0], negative * (beating - value) / totals[1]
    parts, between = sample.parts(of_each[0] + of_each[1])
    value += _ratio_bias(sample, of_each[0], positive / totals[0])
    value = min(max(value + _ratio_bias(sample, of_each[1], negative / totals[1]), 0.0), 1.0)
    sizes = [_effective(weights[rows], sample.patients[rows]) for rows in (positive, negative)]
    found = float((parts**2).sum()) + between
    ratio, freedom = moderated_variance(value, sizes[0], sizes[1], found, carriers(parts))
    low, high = limits(value, sizes[0], sizes[1], ratio, stdtrit(freedom, (1 + LEVEL) / 2))
    return value, float(low), float(high)


def _weight_below(scores: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return the weight of films below each, of those with the same score half."""
    _, place = np.unique(scores, return_inverse=True)
    each = np.bincount(place, weights)
    return (np.cumsum(each) - each / 2)[place]


def _effective(weights: NDArray, patients: NDArray) -> float:
    """Return how many films of one patient each and of one weight would say as much (Kish, Survey Sampling 1965)."""
    kish = float(weights.sum()) ** 2 / float((weights**2).sum())
    return kish * independent(patients) / len(patients)
