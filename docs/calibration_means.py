"""Means of several tasks whose AUCs are known, and their differences, drawn many times: how often intervals cover."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from calibration_draws import (
    ALIKE,
    BOOTSTRAP,
    LOST,
    MODELS_ALIKE,
    NOW,
    SLOW_DRAWS,
    covered,
    distance_of,
)
from numpy.typing import NDArray
from scipy.stats import norm

from crossray.analysis.auc_differences import difference, paired_difference
from crossray.analysis.intervals import Measured, intervals, measure_auc
from crossray.analysis.means import Mean, mean_of, single
from crossray.analysis.resampling import interval as percentiles
from crossray.analysis.resampling import patient_weights, weighted_ranking
from crossray.code_version import code_version
from crossray.seeds import derived_seed

IN_MEANS = "CrossRay, in means over pairs"
MEAN, DROP, MODELS = "mean of 5 tasks", "drop of the mean of 5 tasks", "two models' means of 5 tasks"
DROP_OF_ONE, MODELS_OF_ONE = "drop of one AUC", "two models' AUCs"
DROPS, SINGLE = (DROP, DROP_OF_ONE), (DROP_OF_ONE, MODELS_OF_ONE)
#: tasks of a mean, and what an image's scores for them share of their variance
TASKS, TASKS_ALIKE = 5, 0.5
#: patients with and without each finding, and images a patient, where means are drawn; those at the other hospital
MEANS = tuple((positives, 19 * positives, images) for positives in (5, 10, 20, 50) for images in (1, 3))
AWAY = (100, 900)
#: draws whose differences are resampled, at most
RESAMPLED = 500


@dataclass(frozen=True)
class Tasks:
    """Patients with several findings, each with labels of its own, and the seed of their resamples."""

    owners: NDArray[np.int64]
    labels: NDArray[np.int64]
    seed: int

    @classmethod
    def draw(
        cls, generator: np.random.Generator, tasks: int, positives: int, negatives: int, images: int, seed: int
    ) -> "Tasks":  # fmt: skip
        """Draw patients, so many of whom have each finding; all images of theirs show it."""
        count = positives + negatives
        owners = np.repeat(np.arange(count), generator.integers(1, images + 1, count))
        ill = np.stack([generator.permutation(count) < positives for _ in range(tasks)])
        return cls(owners, ill[:, owners].astype(int), seed)

    def scores(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Draw scores without the findings, shape (tasks, images); those of a patient and of an image are alike."""
        count = int(self.owners[-1]) + 1
        of_all, of_each = (
            np.sqrt(ALIKE) * generator.normal(size=(number, count))[:, self.owners]
            + np.sqrt(1 - ALIKE) * generator.normal(size=(number, len(self.owners)))
            for number in (1, len(self.labels))
        )
        return np.sqrt(TASKS_ALIKE) * of_all + np.sqrt(1 - TASKS_ALIKE) * of_each

    def measured(self, scores: NDArray, truth: float) -> "Outputs":
        """Return what a model says of the images whose true AUC is given for every task."""
        seen = scores + distance_of(truth) * self.labels
        count = int(self.owners[-1]) + 1
        pairs = zip(self.labels, seen, strict=True)
        return Outputs(self, seen, [measure_auc(labels, one, self.owners, count) for labels, one in pairs])


@dataclass(frozen=True)
class Outputs:
    """A model's scores of the images, shape (tasks, images), and the AUC of each task."""

    tasks: Tasks
    scores: NDArray[np.float64]
    aucs: list[Measured]

    def resampled(self) -> tuple[Mean, NDArray[np.float64]]:
        """Return the mean of the AUCs, and the same in each resample."""
        weights = patient_weights(self.tasks.owners, SLOW_DRAWS, self.tasks.seed)
        drawn = [
            weighted_ranking(labels, scores, weights)[0]
            for labels, scores in zip(self.tasks.labels, self.scores, strict=True)
        ]
        limits = zip(*intervals(self.aucs), strict=True)
        ends = zip(self.aucs, limits, drawn, strict=True)
        means = [single(one.auc, float(low), float(high), of_one) for one, (low, high), of_one in ends]
        return mean_of(means), np.mean(drawn, axis=0)


def cells() -> Iterator[tuple[str, int, int, float, int]]:
    """Yield quantity, positives, negatives, true AUC and images a patient of the means that are drawn."""
    for quantity, size, truth in product((MEAN, DROP, MODELS, *SINGLE), MEANS, (0.7, 0.9, 0.95)):
        yield quantity, *size[:2], truth, size[2]


def cover(
    quantity: str, positives: int, negatives: int, truth: float, images: int, draws: int
) -> list[dict[str, object]]:  # fmt: skip
    """Draw a mean of AUCs, or a difference of two, many times; return a row for each way to an interval.

    The difference is that of a mean to the same tasks elsewhere, or of another model there, whose d' is less.
    """
    names = [str(value) for value in (positives, negatives, truth, images)]
    generator = np.random.default_rng(derived_seed(0, quantity, *names))
    lower = float(norm.cdf((distance_of(truth) - LOST) / np.sqrt(2)))
    expected = truth if quantity == MEAN else truth - lower
    tasks = 1 if quantity in SINGLE else TASKS
    values = []
    found: dict[str, list[tuple[float, float]]] = {}
    for draw in range(draws):
        home = Tasks.draw(generator, tasks, positives, negatives, images, 2 * draw)
        scores = home.scores(generator)
        ours = home.measured(scores, truth)
        if quantity == MEAN:
            mean, drawn = ours.resampled()
            values.append(mean.value)
            ends = {NOW: mean.interval, BOOTSTRAP: percentiles(drawn)}
        else:
            if quantity in DROPS:
                away = Tasks.draw(generator, tasks, *AWAY, images, 2 * draw + 1)
                theirs = away.measured(away.scores(generator), lower)
                tested = difference(*_side_by_side(ours.aucs, theirs.aucs))
            else:
                alike = MODELS_ALIKE * scores + np.sqrt(1 - MODELS_ALIKE**2) * home.scores(generator)
                theirs = home.measured(alike, lower)
                tested = paired_difference(ours.aucs, theirs.aucs)
            values.append(tested.value)
            ends = {NOW: (tested.low, tested.high)}
            if tasks > 1 and draw < RESAMPLED:
                (mean, drawn), (other, of_other) = ours.resampled(), theirs.resampled()
                ends |= {IN_MEANS: (mean - other).interval, BOOTSTRAP: percentiles(drawn - of_other)}
        for method, limits in ends.items():
            found.setdefault(method, []).append(limits)
    spread = float(np.diff(np.quantile(values, [0.025, 0.975]))[0])
    row = {
        "quantity": quantity, "positives": positives, "negatives": negatives, "truth": truth,
        "images_per_patient": images, "seeds": 1, "reference_width": round(spread, 4), "code": code(quantity),
    }  # fmt: skip
    return [row | {"method": method} | covered(*np.array(ends).T, expected) for method, ends in found.items()]


def _side_by_side(first: Sequence[Measured], second: Sequence[Measured]) -> tuple[list[Measured], list[Measured]]:
    """Return AUCs of two hospitals with a part for each patient of both."""
    ours, theirs = (np.zeros(len(one[0].parts)) for one in (first, second))
    return (
        [replace(one, parts=np.concatenate([one.parts, theirs])) for one in first],
        [replace(one, parts=np.concatenate([ours, one.parts])) for one in second],
    )


def code(quantity: str) -> str:
    """Return the digest of the code that means and their limits, or differences of AUCs, come from."""
    compared = [] if quantity == MEAN else ["crossray.analysis.auc_differences"]
    return code_version("crossray/analysis/intervals", "crossray.analysis.means", *compared)
