"""Average precision, Brier score and calibration error, whose true values are known: how often percentiles cover."""

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

from crossray.analysis.calibration_errors import BINS, binned_sums, errors
from crossray.analysis.metrics import calibration_bins
from crossray.analysis.resampling import interval, patient_weights, weighted_ranking, weighted_sums
from crossray.code_version import code_version
from crossray.seeds import derived_seed

PRECISION, BRIER, ERROR = QUANTITIES = "average precision", "Brier score", "calibration error"
#: by how much logits are too extreme where the calibration error is drawn
SLOPES = (1.0, 0.7)
#: quantiles at which true values are summed up
_POINTS = (np.arange(4000) + 0.5) / 4000


def cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, positives, negatives, true AUC (or slope; 0 for the Brier score) and images a patient."""
    for quantity, truths in ((PRECISION, (0.7, 0.9)), (BRIER, (0.0,)), (ERROR, SLOPES)):
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
    elif quantity == BRIER:
        expected = true_brier(centre_of(positives / count))
    else:
        expected = true_error(centre_of(positives / count), truth)
    values, ends = [], []
    for draw in range(draws):
        if quantity == PRECISION:
            drawn = _precision(generator, positives, negatives, truth, images, draw)
        else:
            owners, logits, labels = _labelled(generator, centre_of(positives / count), count, images)
            weights = patient_weights(owners, RESAMPLES, draw)
            drawn = (
                _brier(logits, labels, weights)
                if quantity == BRIER
                else _error(logits / truth, labels, owners, weights)
            )
        values.append(drawn[0])
        ends.append(interval(drawn[1:]))
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "method": NOW, "code": code(quantity),
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


def true_error(centre: float, slope: float) -> float:
    """Return the calibration error of endlessly many images whose logits are divided by the slope."""
    logits = centre + np.sqrt(1.25) * norm.ppf(_POINTS)
    given, right = expit(logits / slope), expit(logits)
    places = calibration_bins(given, BINS)
    gaps = [float((given - right)[places == place].mean()) ** 2 * np.mean(places == place) for place in set(places)]
    return float(np.sqrt(sum(gaps)))


def _labelled(
    generator: np.random.Generator, centre: float, count: int, images: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Draw patients, logits whose probabilities are right, and labels, which are alike beyond them."""
    owners = np.repeat(np.arange(count), generator.integers(1, images + 1, count))
    logits = centre + generator.normal(size=count)[owners] + 0.5 * generator.normal(size=len(owners))
    luck = generator.normal(size=count)[owners] * np.sqrt(ALIKE)
    labels = norm.cdf(luck + np.sqrt(1 - ALIKE) * generator.normal(size=len(owners))) < expit(logits)
    return owners, logits, labels.astype(float)


def _brier(logits: NDArray, labels: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return the Brier score, and that of each resample, shape (1 + resamples,)."""
    parts = np.stack([(expit(logits) - labels) ** 2, np.ones(len(labels))], axis=1)
    sums = np.concatenate([parts.sum(axis=0)[None], weighted_sums(weights, parts)])
    return sums[:, 0] / sums[:, 1]


def _error(logits: NDArray, labels: NDArray, owners: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return the calibration error, and that of each resample, shape (1 + resamples,)."""
    given = expit(logits)
    error, drawn = errors(labels, given, owners, binned_sums(labels, given, weights))
    return np.r_[error, drawn]


def code(quantity: str) -> str:
    """Return the digest of the code that resamples."""
    return code_version(f"crossray/analysis/{'calibration_errors' if quantity == ERROR else 'resampling'}")
