"""How many films have to be read for intervals of a wanted width?

The width is that of the interval which the study will print, at the expected value and with the expected variance:
of the AUC by :mod:`crossray.analysis.intervals`, of shares by Wilson's, of net benefit recovered from these
(:mod:`crossray.analysis.sums`), of calibration by :mod:`crossray.analysis.calibration_line`. Variances of the slope and
of the ratio of observed to expected are those of Riley and others, Statistics in Medicine 2021, and Archer and others,
Statistics in Medicine 2021.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scipy.special import stdtrit

from crossray.analysis import shares
from crossray.analysis.calibration_line import moderated, reach_of
from crossray.analysis.expected import Binormal
from crossray.analysis.intervals import ALIKE, LEVEL, limits, moderated_variance
from crossray.analysis.sums import Limits, of_two
from crossray.study.film_plan import (
    AUC,
    NET_BENEFIT,
    OBSERVED_EXPECTED,
    SENSITIVITY,
    SLOPE,
    SPECIFICITY,
    Clusters,
    Expected,
)

#: images beyond which no number is looked for
MOST = 100_000_000


@dataclass(frozen=True)
class Sample:
    """Images taken as they come.

    Attributes:
        positives: images with the finding.
        negatives: those without.
        effect: how many of them say as much as one where each has its own patient.
        images_per_patient: mean number.
    """

    positives: float
    negatives: float
    effect: float
    images_per_patient: float

    @property
    def independent(self) -> tuple[float, float]:
        """Images of each class, as many as would say as much if each had its own patient."""
        return self.positives / self.effect, self.negatives / self.effect

    @property
    def patients(self) -> tuple[float, float]:
        """Patients of each class."""
        return self.positives / self.images_per_patient, self.negatives / self.images_per_patient


def effect_of(clusters: Clusters) -> float:
    """Return how many images say as much as one where each has its own patient."""
    if clusters.design_effect is not None:
        return float(clusters.design_effect)
    return 1 + ALIKE * (float(clusters.images_per_patient) - 1)


def sample_of(images: int, expected: Expected, effect: float, images_per_patient: float) -> Sample:
    """Return so many images at the expected prevalence."""
    positives = images * float(expected.prevalence)
    return Sample(positives, images - positives, effect, images_per_patient)


def images_for(measure: str, wanted: float, expected: Expected, effect: float, images_per_patient: float) -> int:
    """Return the smallest number of images whose interval of a measure is no wider than wanted.

    Args:
        measure: a name of :mod:`crossray.study.film_plan`.
        wanted: width from limit to limit.
        expected: of the model.
        effect: design effect of several images per patient.
        images_per_patient: mean number.
    """

    def is_enough(images: int) -> bool:
        _, low, high = interval_of(measure, expected, sample_of(images, expected, effect, images_per_patient))
        return high - low <= wanted

    # a class with less than two images of its own has no interval
    few = math.ceil(2 * effect / min(float(expected.prevalence), 1 - float(expected.prevalence)))
    many = few
    while many < MOST and not is_enough(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if is_enough(middle) else (middle, many)
    return many


def interval_of(measure: str, expected: Expected, sample: Sample) -> Limits:
    """Return the expected value of a measure, and the limits that a sample is expected to give it."""
    return _INTERVALS[measure](expected, sample)


def _auc(expected: Expected, sample: Sample) -> Limits:
    value = float(expected.auc)
    scores = Binormal(float(expected.prevalence), value)
    found, carried = scores.auc_variance(*sample.independent, sample.patients)
    ratio, freedom = moderated_variance(value, *sample.independent, found, carried)
    low, high = limits(value, *sample.independent, ratio, stdtrit(freedom, (1 + LEVEL) / 2))
    return value, float(low), float(high)


def _sensitivity(expected: Expected, sample: Sample) -> Limits:
    value = float(expected.sensitivity or 0)
    return value, *shares.of_size(value, sample.independent[0])


def _specificity(expected: Expected, sample: Sample) -> Limits:
    value = float(expected.specificity or 0)
    return value, *shares.of_size(value, sample.independent[1])


def _net_benefit(expected: Expected, sample: Sample) -> Limits:
    prevalence, limit = float(expected.prevalence), float(expected.acts_from or 0)
    right = prevalence * float(expected.sensitivity or 0)
    wrong = (1 - prevalence) * (1 - float(expected.specificity or 0))
    size = sum(sample.independent)
    first, second = ((share, *shares.of_size(share, size)) for share in (right, wrong))
    # an image cannot be called rightly and wrongly
    correlation = -math.sqrt(right * wrong / ((1 - right) * (1 - wrong)))
    return of_two((1.0, first), (-limit / (1 - limit), second), correlation)


def _slope(expected: Expected, sample: Sample) -> Limits:
    value = float(expected.slope)
    scores = Binormal(float(expected.prevalence), float(expected.auc))
    reach = reach_of(min(sample.patients)) * math.sqrt(scores.slope_variance(value) / sum(sample.independent))
    return value, value - reach, value + reach


def _observed_expected(expected: Expected, sample: Sample) -> Limits:
    """Return those of observed over expected; the interval draws its variance towards that of a model that is none."""
    scores = Binormal(float(expected.prevalence), float(expected.auc))
    value, variance = scores.ratio(float(expected.slope))
    plain = (1 - scores.prevalence) / scores.prevalence
    smaller = min(sample.patients)
    error = math.sqrt(float(moderated(variance, plain, smaller)) / sum(sample.independent))
    factor = math.exp(reach_of(smaller) * error)
    return value, value / factor, value * factor


_INTERVALS: Mapping[str, Callable[[Expected, Sample], Limits]] = {
    AUC: _auc,
    SENSITIVITY: _sensitivity,
    SPECIFICITY: _specificity,
    OBSERVED_EXPECTED: _observed_expected,
    SLOPE: _slope,
    NET_BENEFIT: _net_benefit,
}
