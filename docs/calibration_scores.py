"""Average precision and Brier score, whose true values are known, drawn many times: how often percentiles cover."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from calibration_draws import (
    ALIKE,
    CALIBRATION_SIZES,
    NOW,
    RESAMPLES,
    SHOWING,
    centre_of,
    covered,
    distance_of,
    draw_patients,
)
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from crossray.analysis.resampling import interval, patient_weights, weighted_ranking, weighted_sums
from crossray.code_version import code_version
from crossray.seeds import derived_seed

PRECISION, BRIER = "average precision", "Brier score"
#: quantiles at which true values are summed up
_POINTS = (np.arange(4000) + 0.5) / 4000


def cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, positives, negatives, true AUC (0 for the Brier score) and images a patient of what is drawn."""
    for quantity, truths in ((PRECISION, (0.7, 0.9)), (BRIER, (0.0,))):
        for size, truth, images in product(CALIBRATION_SIZES, truths, (1, 3)):
            yield quantity, *size, truth, images


def cover(
    quantity: str, positives: int, negatives: int, truth: float, images: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw a number many times, with the percentiles of its resamples of patients; return a row."""
    names = [str(value) for value in (positives, negatives, truth, images)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    count = positives + negatives
    if quantity == PRECISION:
        showing = positives * (1 + SHOWING * (images - 1) / 2)
        expected = true_precision(truth, showing / (count * (1 + images) / 2))
    else:
        expected = true_brier(centre_of(positives / count))
    values, ends = [], []
    for draw in range(draws):
        if quantity == PRECISION:
            drawn = _precision(generator, positives, negatives, truth, images, draw)
        else:
            drawn = _brier(generator, centre_of(positives / count), count, images, draw)
        values.append(drawn[0])
        ends.append(interval(drawn[1:]))
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "method": NOW, "code": code(),
        "reference_width": round(float(np.diff(np.quantile(values, [0.025, 0.975]))[0]), 4),
    }  # fmt: skip
    return [row | covered(*np.array(ends).T, expected)]


def true_precision(auc: float, prevalence: float) -> float:
    """Return the average precision of endlessly many images: the mean precision at the scores of the positives."""
    scores = distance_of(auc) + norm.ppf(_POINTS)
    true, false = prevalence * norm.sf(scores - distance_of(auc)), (1 - prevalence) * norm.sf(scores)
    return float((true / (true + false)).mean())


def true_brier(centre: float) -> float:
    """Return the Brier score of endlessly many images whose probabilities are right."""
    probabilities = expit(centre + np.sqrt(1.25) * norm.ppf(_POINTS))
    return float((probabilities * (1 - probabilities)).mean())


def _precision(
    generator: np.random.Generator, positives: int, negatives: int, truth: float, images: int, draw: int
) -> NDArray[np.float64]:
    """Draw scores; return their average precision, and that of each resample, shape (1 + resamples,)."""
    patients = draw_patients(generator, positives, negatives, images)
    scores = patients.scores(generator, distance_of(truth))
    weights = patient_weights(patients.owners, RESAMPLES, draw)
    whole = np.vstack([np.ones((1, len(scores)), weights.dtype), weights])
    return weighted_ranking(patients.labels, scores, whole)[1]


def _brier(
    generator: np.random.Generator, centre: float, count: int, images: int, draw: int
) -> NDArray[np.float64]:  # fmt: skip
    """Draw labels of probabilities; return the Brier score, and that of each resample, shape (1 + resamples,)."""
    owners = np.repeat(np.arange(count), generator.integers(1, images + 1, count))
    given = expit(centre + generator.normal(size=count)[owners] + 0.5 * generator.normal(size=len(owners)))
    luck = generator.normal(size=count)[owners] * np.sqrt(ALIKE)
    labels = norm.cdf(luck + np.sqrt(1 - ALIKE) * generator.normal(size=len(owners))) < given
    parts = np.stack([(given - labels) ** 2, np.ones(len(owners))], axis=1)
    sums = np.concatenate([parts.sum(axis=0)[None], weighted_sums(patient_weights(owners, RESAMPLES, draw), parts)])
    return sums[:, 0] / sums[:, 1]


def code() -> str:
    """Return the digest of the code that resamples."""
    return code_version("crossray/analysis/resampling")
