"""F1 and kappa of two who call the same images, and scores of maps, whose true values are known, drawn many times."""

from collections.abc import Iterator
from functools import cache
from itertools import count, product

import numpy as np
from calibration_draws import ALIKE, BOOTSTRAP, NOW, RESAMPLES, SLOW_DRAWS, covered
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm

from crossray.analysis import score_means
from crossray.analysis.kappa import f1, kappa
from crossray.analysis.metrics import kappa_of_counts
from crossray.analysis.resampling import interval as percentiles
from crossray.analysis.resampling import patient_weights, weighted_sums
from crossray.code_version import code_version
from crossray.seeds import derived_seed

F1, KAPPA, POINTING, OVERLAP = QUANTITIES = "F1 of calls", "kappa of calls", "mean hit of maps", "mean overlap of maps"
#: the share of images that each calls, and what their scores have in common
RATES, IN_COMMON = ((0.05, 0.05), (0.2, 0.2), (0.1, 0.3), (0.5, 0.5)), 0.8
#: patients whose images two call, and patients with a located finding
CALLED, LOCATED = (50, 200, 1000), (10, 20, 50)
#: mean scores, and how far overlaps lie apart (the standard deviation of a normal variable before it is mapped to 0..1)
SCORES, APART = (0.2, 0.5, 0.8), 0.6


def cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, patients, 0, true number and images a patient of what is drawn."""
    for patients, rates, images in product(CALLED, RATES, (1, 3)):
        yield F1, patients, 0, _truth(*rates)[0], images
        yield KAPPA, patients, 0, _truth(*rates)[1], images
    for quantity, patients, truth, images in product((POINTING, OVERLAP), LOCATED, SCORES, (1, 3)):
        yield quantity, patients, 0, truth, images


@cache
def _truth(ours: float, theirs: float) -> tuple[float, float]:
    """Return F1 and kappa of two who call so many images, rounded as tables have them."""
    both = float(multivariate_normal([0, 0], [[1, IN_COMMON], [IN_COMMON, 1]]).cdf(norm.ppf([ours, theirs])))
    exact = 2 * both / (ours + theirs), float(kappa_of_counts(*map(np.asarray, (both, ours, theirs, 1.0))))
    return round(exact[0], 4), round(exact[1], 4)


def cover(
    quantity: str, positives: int, negatives: int, truth: float, images: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw a number of so many patients many times; return a row for each way to an interval.

    Samples without a number, as nobody calls an image of theirs, are drawn again.
    """
    names = [str(value) for value in (positives, negatives, truth, images)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    now, before, values = [], [], []
    for draw in count():
        if len(values) == draws:
            break
        owners = np.repeat(np.arange(positives), generator.integers(1, images + 1, positives))
        weights = patient_weights(owners, RESAMPLES, draw) if draw < SLOW_DRAWS else None
        if quantity in (F1, KAPPA):
            value, ends, drawn = _calls(generator, quantity, owners, truth, weights)
        else:
            value, ends, drawn = _scores(generator, quantity, owners, truth, weights)
        if np.isnan(value):
            continue
        values.append(value)
        now.append(ends)
        if drawn is not None:
            before.append(percentiles(drawn))
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "code": code(quantity),
        "reference_width": round(float(np.diff(np.quantile(values, [0.025, 0.975]))[0]), 4),
    }  # fmt: skip
    found = {NOW: np.array(now).T, BOOTSTRAP: np.array(before).T}
    return [row | {"method": method} | covered(*ends, truth) for method, ends in found.items()]


def _calls(
    generator: np.random.Generator, quantity: str, owners: NDArray, truth: float, weights: NDArray | None
) -> tuple[float, tuple[float, float], NDArray | None]:
    """Draw what two call; return the number, its limits, and the number in each resample."""
    which = (F1, KAPPA).index(quantity)
    rates = next(rates for rates in RATES if _truth(*rates)[which] == truth)
    shared, *own = (_alike(generator, owners) for _ in range(3))
    ours, theirs = (
        np.sqrt(IN_COMMON) * shared + np.sqrt(1 - IN_COMMON) * alone < norm.ppf(rate)
        for alone, rate in zip(own, rates, strict=True)
    )
    value, low, high = (f1 if quantity == F1 else kappa)(ours, theirs, owners)
    if weights is None:
        return value, (low, high), None
    sums = weighted_sums(weights, np.stack([ours & theirs, ours, theirs, np.ones(len(ours))], axis=1))
    called = sums[:, 1] + sums[:, 2]
    with np.errstate(invalid="ignore"):
        drawn = 2 * sums[:, 0] / called if quantity == F1 else kappa_of_counts(*sums.T)
    return value, (low, high), drawn


def _scores(
    generator: np.random.Generator, quantity: str, owners: NDArray, truth: float, weights: NDArray | None
) -> tuple[float, tuple[float, float], NDArray | None]:
    """Draw scores of maps, all or nothing or between; return as :func:`_calls`."""
    luck = _alike(generator, owners)
    if quantity == POINTING:
        scores = (luck < norm.ppf(truth)).astype(float)
    else:
        scores = norm.cdf(norm.ppf(truth) * np.sqrt(1 + APART**2) + APART * luck)
    ends = score_means.interval(scores, owners)
    if weights is None:
        return float(scores.mean()), ends, None
    sums = weighted_sums(weights, np.stack([scores, np.ones(len(scores))], axis=1))
    return float(scores.mean()), ends, sums[:, 0] / sums[:, 1]


def _alike(generator: np.random.Generator, owners: NDArray) -> NDArray[np.float64]:
    """Draw a normal variable for each image; those of a patient are alike."""
    shared = generator.normal(size=int(owners[-1]) + 1)[owners]
    return np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * generator.normal(size=len(owners))


def code(quantity: str) -> str:
    """Return the digest of the code that limits come from."""
    return code_version(f"crossray/analysis/{'kappa' if quantity in (F1, KAPPA) else 'score_means'}")
