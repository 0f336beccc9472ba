"""Patients whose AUC is known, drawn many times: how often intervals cover and tests reject.

Scores are normal, with one variance in both classes; a patient's images share seven tenths
of the variance, and of the images of a patient with the finding eight in ten show it, the first always.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm, rankdata

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.analysis import calibration_line, repeated_aucs, shares  # noqa: E402
from crossray.analysis.auc_differences import difference, paired_difference  # noqa: E402
from crossray.analysis.intervals import Measured, intervals, limits, measure_auc  # noqa: E402
from crossray.analysis.resampling import interval as percentiles  # noqa: E402
from crossray.analysis.resampling import patient_weights, weighted_ranking  # noqa: E402
from crossray.code_version import code_version  # noqa: E402
from crossray.seeds import derived_seed  # noqa: E402

NOW, DELONG, BOOTSTRAP, WALD = "CrossRay", "DeLong, logit (before)", "bootstrap (before)", "DeLong, normal (before)"
PATIENTS = "patients alone"
AUC, APART, SAME = "AUC", "home against away", "two models, same images"
UNEQUAL = "AUC, scores of positives vary more"
SHARE = "sensitivity"
SLOPE, INTERCEPT, RATIO = CALIBRATION = "calibration slope", "calibration intercept", "observed over expected"
CALIBRATION_SIZES = ((10, 190), (20, 180), (50, 450), (200, 800))
TRAINED, TRAINED_DROP = "AUC over trainings", "drop over trainings"
#: what a patient's images share of the variance of scores, and images of a patient with the finding that show it
ALIKE, SHOWING = 0.7, 0.8
#: what two models' scores of an image share of their variance beside the label, and what d' loses where power is asked
MODELS_ALIKE, LOST = 0.6, 0.6
POSITIVES, TRUTHS, IMAGES = (5, 10, 20, 50, 100, 500), (0.5, 0.7, 0.8, 0.9, 0.95, 0.99), (1, 3, 20)
#: the standard deviation of positives' scores where it is not that of the others; patients with and without, images
SPREAD = 1.5
UNEQUAL_SIZES = ((10, 190, 1), (50, 50, 1), (50, 950, 1), (50, 950, 3))
#: draws of which the bootstrap is asked, at most, its resamples, and the permutations of a test
SLOW_DRAWS, RESAMPLES, PERMUTATIONS = 200, 400, 199
#: places where trainings are measured, the first at home, and tasks there; patients with the finding and without
PLACES, PLACE_TASKS, PLACE_SIZES = 2, 2, ((10, 190), (50, 450))
#: trainings, and the standard deviation of their d', half of whose square the tasks of a place share
SEEDS, SEEDS_DIFFER = (3, 5, 10), 0.2
#: patients with and without the finding at home and away
UNPAIRED = (
    (10, 190, 500, 2000),
    (20, 380, 500, 2000),
    (30, 570, 500, 2000),
    (50, 950, 500, 2000),
    (100, 100, 100, 100),
)
PAIRED = ((10, 190), (16, 24), (32, 48), (50, 50), (200, 200))


@dataclass(frozen=True)
class Patients:
    """Images: whose they are, from 0, and whether they show the finding."""

    owners: NDArray[np.int64]
    labels: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of patients."""
        return int(self.owners[-1]) + 1

    def scores(self, generator: np.random.Generator, distance: float, spread: float = 1.0) -> NDArray[np.float64]:
        """Draw scores with so many standard deviations between the classes; those of positives may vary more."""
        shared, own = generator.normal(size=self.count)[self.owners], generator.normal(size=len(self.owners))
        noise = np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * own
        return distance * self.labels + np.where(self.labels == 1, spread, 1.0) * noise

    def measure(self, scores: NDArray) -> Measured:
        """Measure the AUC of scores."""
        return measure_auc(self.labels, scores, self.owners, self.count)


def draw_patients(generator: np.random.Generator, positives: int, negatives: int, images: int) -> Patients:
    """Draw patients with and without the finding, each with 1 to ``images`` images."""
    owners = np.repeat(np.arange(positives + negatives), generator.integers(1, images + 1, positives + negatives))
    first = np.r_[True, owners[1:] != owners[:-1]]
    shows = first | (generator.random(len(owners)) < SHOWING)
    return Patients(owners, ((owners < positives) & shows).astype(int))


def distance_of(truth: float, spread: float = 1.0) -> float:
    """Return how many standard deviations apart two normals have an AUC; that of positives may have a larger one."""
    return float(norm.ppf(truth) * np.sqrt(1 + spread**2))


def coverage_cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, positives, negatives, true AUC and images a patient of what is drawn."""
    for images, positives, truth in product(IMAGES, POSITIVES, TRUTHS):
        for negatives in dict.fromkeys((positives, min(19 * positives, 950))):
            yield AUC, positives, negatives, truth, images
    for (positives, negatives, images), truth in product(UNEQUAL_SIZES, (0.7, 0.8, 0.9, 0.95)):
        yield UNEQUAL, positives, negatives, truth, images


def cover(
    quantity: str, positives: int, negatives: int, truth: float, images: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw an AUC many times; return a row for each way to an interval."""
    names = [str(value) for value in (positives, negatives, truth, images)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    spread = SPREAD if quantity == UNEQUAL else 1.0
    measured, replicates = [], []
    for draw in range(draws):
        patients = draw_patients(generator, positives, negatives, images)
        scores = patients.scores(generator, distance_of(truth, spread), spread)
        measured.append(patients.measure(scores))
        if images > 1 and draw < SLOW_DRAWS and len(patients.owners) < 2_000:
            weights = patient_weights(patients.owners, RESAMPLES, draw)
            replicates.append(percentiles(weighted_ranking(patients.labels, scores, weights)[0]))
    aucs = np.array([one.auc for one in measured])
    found = {NOW: np.array(intervals(measured))}
    if images == 1:
        found[DELONG] = _logit_limits(measured)
        low, high = limits(aucs, positives, negatives, 1.0, norm.isf(0.025))
        reference = float((high - low).mean())
    else:
        reference = float(np.diff(np.quantile(aucs, [0.025, 0.975]))[0])
    if replicates:
        found[BOOTSTRAP] = np.array(replicates).T
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "reference_width": round(reference, 4), "code": code(),
    }  # fmt: skip
    return [row | {"method": method} | covered(*ends, truth) for method, ends in found.items()]


def training_cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, positives, negatives, true AUC and trainings of what several trainings are drawn for."""
    for quantity, size, truth, seeds in product((TRAINED, TRAINED_DROP), PLACE_SIZES, (0.8,), SEEDS):
        yield quantity, *size, truth, seeds


def cover_trainings(
    quantity: str, positives: int, negatives: int, truth: float, seeds: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw a model's trainings many times, measured on the tasks of several places; return a row for each way.

    The AUC is the first at home; the drop is that of the mean of tasks to another place, where d' is less. The true
    one is the mean over all trainings that there might be.
    """
    names = [str(value) for value in (positives, negatives, truth, seeds)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    spread = np.sqrt(2 + SEEDS_DIFFER**2)
    distance = float(norm.ppf(truth) * spread)
    expected = truth if quantity == TRAINED else truth - float(norm.cdf((distance - LOST) / spread))
    values, now, patients_alone = [], [], []
    for _ in range(draws):
        places = [
            task
            for place in range(PLACES)
            for task in _trainings(generator, positives, negatives, seeds, place, distance)
        ]
        for found, measured in ((now, repeated_aucs.pooled("model", places)), (patients_alone, places)):
            if quantity == TRAINED:
                value, ends = measured[0].measured.auc, repeated_aucs.interval(measured[0])
            else:
                drop = repeated_aucs.difference(measured[:PLACE_TASKS], measured[PLACE_TASKS : 2 * PLACE_TASKS])
                value, ends = drop.value, (drop.low, drop.high)
            found.append(ends)
        values.append(value)
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth, "images_per_patient": 1,
        "seeds": seeds, "reference_width": round(float(np.diff(np.quantile(values, [0.025, 0.975]))[0]), 4),
        "code": code_of_trainings(),
    }  # fmt: skip
    intervals_of = {NOW: np.array(now).T, PATIENTS: np.array(patients_alone).T}
    return [row | {"method": method} | covered(*ends, expected) for method, ends in intervals_of.items()]


def _trainings(
    generator: np.random.Generator, positives: int, negatives: int, seeds: int, place: int, distance: float
) -> Iterator[repeated_aucs.Repeated]:
    """Yield each task of a place, which all trainings score on the same patients, alike."""
    count = positives + negatives
    owners = np.arange(place * count, (place + 1) * count)
    shared = generator.normal(size=seeds)
    for own in generator.normal(size=(PLACE_TASKS, seeds)):
        labels = (generator.permutation(count) < positives).astype(int)
        skill = distance - LOST * (place > 0) + SEEDS_DIFFER * np.sqrt(0.5) * (shared + own)
        alike, rest = generator.normal(size=count), generator.normal(size=(seeds, count))
        scores = skill[:, None] * labels + np.sqrt(ALIKE) * alike + np.sqrt(1 - ALIKE) * rest
        yield repeated_aucs.measure(labels, list(scores), owners, PLACES * count)


def calibration_cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, positives, negatives, true number and images a patient of what calibration is drawn for."""
    for quantity, size, images in product(CALIBRATION, CALIBRATION_SIZES, (1, 3)):
        yield quantity, *size, 0.7 if quantity == SLOPE else 1.0 if quantity == RATIO else 0.0, images


def cover_calibration(
    quantity: str, positives: int, negatives: int, truth: float, images: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw images whose probabilities are known many times; return a row.

    So many patients are expected to have the finding on their first image. For the slope outputs are too extreme.
    """
    names = [str(value) for value in (positives, negatives, truth, images)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    count = positives + negatives
    centre = centre_of(positives / count)
    found = []
    for _ in range(draws):
        owners = np.repeat(np.arange(count), generator.integers(1, images + 1, count))
        logits = centre + generator.normal(size=count)[owners] + 0.5 * generator.normal(size=len(owners))
        luck = generator.normal(size=count)[owners] * np.sqrt(ALIKE)
        luck = norm.cdf(luck + np.sqrt(1 - ALIKE) * generator.normal(size=len(owners)))
        labels = (luck < expit(logits)).astype(float)  # a patient's labels are alike beyond their outputs
        if not 1 < labels.sum() < len(labels) - 1:
            continue
        line = calibration_line.measure(labels, logits / truth if quantity == SLOPE else logits, owners)
        found.append({SLOPE: line.slope, INTERCEPT: line.intercept, RATIO: line.observed_expected}[quantity])
    values = [one.value for one in found]
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "method": NOW, "code": code_of_calibration(),
        "reference_width": round(float(np.diff(np.quantile(values, [0.025, 0.975]))[0]), 4),
    }  # fmt: skip
    return [row | covered(np.array([one.low for one in found]), np.array([one.high for one in found]), truth)]


def share_cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, patients with and without the finding, true share and images a patient of the shares drawn."""
    for positives, truth, images in product((10, 20, 50, 200), (0.5, 0.8, 0.95), (1, 3)):
        yield SHARE, positives, 0, truth, images


def cover_share(
    quantity: str, positives: int, negatives: int, truth: float, images: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw a sensitivity at a threshold many times; return a row for each way to an interval."""
    names = [str(value) for value in (positives, negatives, truth, images)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    now, before, values = [], [], []
    for draw in range(draws):
        owners = np.repeat(np.arange(positives), generator.integers(1, images + 1, positives))
        alike = generator.normal(size=positives)[owners] * np.sqrt(ALIKE)
        hits = alike + np.sqrt(1 - ALIKE) * generator.normal(size=len(owners)) < norm.ppf(truth)
        values.append(float(hits.mean()))
        now.append(shares.interval(hits, owners))
        if draw < SLOW_DRAWS:
            weights = patient_weights(owners, RESAMPLES, draw).astype(float)
            before.append(percentiles(weights @ hits / weights.sum(axis=1)))
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "code": code_of_shares(),
        "reference_width": round(float(np.diff(np.quantile(values, [0.025, 0.975]))[0]), 4),
    }  # fmt: skip
    found = {NOW: np.array(now).T, BOOTSTRAP: np.array(before).T}
    return [row | {"method": method} | covered(*ends, truth) for method, ends in found.items()]


def centre_of(share: float) -> float:
    """Return the mean of logits, whose standard deviation is that drawn above, that makes so many positives."""
    points = norm.ppf((np.arange(400) + 0.5) / 400) * np.sqrt(1.25)
    return float(brentq(lambda centre: expit(centre + points).mean() - share, -30, 30))


def covered(low: NDArray, high: NDArray, truth: float) -> dict[str, object]:
    """Count how often intervals hold the truth, and say how wide they are."""
    hits = (low <= truth) & (truth <= high)
    return {"draws": len(low), "coverage": round(float(hits.mean()), 4), "width": round(float((high - low).mean()), 4)}


def _logit_limits(measured: Sequence[Measured]) -> NDArray[np.float64]:
    """Return DeLong's limits on the logit scale; the exact ones of a share where there is no error."""
    rows = []
    for one in measured:
        if one.auc in (0.0, 1.0):
            bound = 0.025 ** (1 / min(one.positives, one.negatives))
            rows.append((bound, 1.0) if one.auc else (0.0, 1 - bound))
            continue
        reach = norm.isf(0.025) * np.sqrt((one.parts**2).sum()) / (one.auc * (1 - one.auc))
        centre = np.log(one.auc / (1 - one.auc))
        rows.append((1 / (1 + np.exp(reach - centre)), 1 / (1 + np.exp(-reach - centre))))
    return np.array(rows).T


@dataclass(frozen=True)
class Pair:
    """Two AUCs that were drawn: what both tests say, and a permutation test to ask."""

    now: bool
    before: bool
    permuted: Callable[[np.random.Generator], float]


def test_cells() -> Iterator[tuple[str, tuple[int, ...], float, int]]:
    """Yield test, sizes, true AUC and images a patient of what is tested."""
    for sizes, truth in product(UNPAIRED, (0.7, 0.8, 0.95)):
        yield APART, sizes, truth, 1
    yield APART, (20, 80, 60, 240), 0.8, 3
    for pair, truth, images in product(PAIRED, (0.7, 0.9), IMAGES):
        yield SAME, pair, truth, images


def reject(
    test: str, sizes: tuple[int, ...], truth: float, images: int, draws: int, power_draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw two AUCs many times, equal and not; return how often CrossRay's and the earlier test call them different."""
    names = [str(value) for value in (*sizes, truth, images)]
    generator = np.random.default_rng(derived_seed(0, test, *names))
    draw = _same_images if test == SAME else _home_and_away
    equal = [draw(generator, sizes, truth, images, 0.0) for _ in range(draws)]
    apart = [draw(generator, sizes, truth, images, LOST) for _ in range(power_draws)]
    row = {
        "test": test, "truth": truth, "sizes": "/".join(map(str, sizes)), "images_per_patient": images, "draws": draws,
        "power_draws": power_draws, "code": code_of_tests(),
        "reference_power": _share([one.permuted(generator) <= 0.05 for one in apart]),
    }  # fmt: skip
    return [
        row
        | {"method": NOW, "rejects": _share([one.now for one in equal]), "power": _share([one.now for one in apart])},
        row
        | {
            "method": WALD,
            "rejects": _share([one.before for one in equal]),
            "power": _share([one.before for one in apart]),
        },
    ]


def _share(found: Sequence[bool]) -> float:
    return round(float(np.mean(found)), 4)


def _same_images(
    generator: np.random.Generator, sizes: tuple[int, ...], truth: float, images: int, lost: float
) -> Pair:  # fmt: skip
    """Draw two models on the same images, the second so much worse."""
    patients = draw_patients(generator, sizes[0], sizes[1], images)
    distance = distance_of(truth)
    first = patients.scores(generator, 0.0)
    other = MODELS_ALIKE * first + np.sqrt(1 - MODELS_ALIKE**2) * patients.scores(generator, 0.0)
    scores = first + distance * patients.labels, other + (distance - lost) * patients.labels
    ours, theirs = (patients.measure(one) for one in scores)
    error = float(np.sqrt(((ours.parts - theirs.parts) ** 2).sum()))
    gap = abs(ours.auc - theirs.auc)

    def permuted(generator: np.random.Generator) -> float:
        """Exchange the models' ranks patient by patient (Venkatraman and Begg, Biometrika 1996)."""
        ranks, more = [rankdata(one) for one in scores], 0
        for _ in range(PERMUTATIONS):
            swap = (generator.random(patients.count) < 0.5)[patients.owners]
            one, two = np.where(swap, ranks[1], ranks[0]), np.where(swap, ranks[0], ranks[1])
            more += abs(_auc(patients.labels, one) - _auc(patients.labels, two)) >= gap - 1e-12
        return (more + 1) / (PERMUTATIONS + 1)

    return Pair(paired_difference([ours], [theirs]).p < 0.05, gap > norm.isf(0.025) * error, permuted)


def _home_and_away(
    generator: np.random.Generator, sizes: tuple[int, ...], truth: float, images: int, lost: float
) -> Pair:  # fmt: skip
    """Draw a model at two places, so much worse at the second."""
    home = draw_patients(generator, sizes[0], sizes[1], images)
    away = draw_patients(generator, sizes[2], sizes[3], images)
    scores = home.scores(generator, distance_of(truth)), away.scores(generator, distance_of(truth) - lost)
    ours, theirs = home.measure(scores[0]), away.measure(scores[1])
    error = float(np.sqrt((ours.parts**2).sum() + (theirs.parts**2).sum()))
    gap, count = abs(ours.auc - theirs.auc), home.count + away.count
    ours = replace(ours, parts=np.r_[ours.parts, np.zeros(away.count)])
    theirs = replace(theirs, parts=np.r_[np.zeros(home.count), theirs.parts])

    def permuted(generator: np.random.Generator) -> float:
        """Exchange the places of patients who both have, or have not, the finding."""
        labels, values = np.r_[home.labels, away.labels], np.concatenate(scores)
        owners = np.r_[home.owners, home.count + away.owners]
        ill = np.r_[np.arange(home.count) < sizes[0], np.arange(away.count) < sizes[2]]
        more = 0
        for _ in range(PERMUTATIONS):
            at_home = np.zeros(count, bool)
            for group, many in ((ill, sizes[0]), (~ill, sizes[1])):
                at_home[generator.choice(np.flatnonzero(group), many, replace=False)] = True
            here = at_home[owners]
            more += abs(_auc(labels[here], values[here]) - _auc(labels[~here], values[~here])) >= gap - 1e-12
        return (more + 1) / (PERMUTATIONS + 1)

    return Pair(difference([ours], [theirs]).p < 0.05, gap > norm.isf(0.025) * error, permuted)


def _auc(labels: NDArray, scores: NDArray) -> float:
    """Return an AUC quickly."""
    positives, negatives = scores[labels == 1], np.sort(scores[labels == 0])
    beaten = np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")
    return float(beaten.mean() / 2 / len(negatives))


def code() -> str:
    """Return the digest of the code that intervals of an AUC come from."""
    return code_version("crossray/analysis/intervals")


def code_of_tests() -> str:
    """Return the digest of the code that tests of no difference come from."""
    return code_version("crossray/analysis/auc_differences")


def code_of_trainings() -> str:
    """Return the digest of the code that intervals over trainings come from."""
    return code_version("crossray/analysis/repeated_aucs")


def code_of_calibration() -> str:
    """Return the digest of the code that slopes and intercepts come from."""
    return code_version("crossray/analysis/calibration_line")


def code_of_shares() -> str:
    """Return the digest of the code that intervals of shares come from."""
    return code_version("crossray/analysis/shares")
