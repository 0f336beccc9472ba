"""Thresholds for a required sensitivity, specificity or yield, and their results: chosen at the source, or the target.

A threshold of the target is cross-fitted: each fifth of its patients is evaluated at the threshold chosen on the
other four, so no patient is evaluated at a threshold that they helped to choose. The threshold to use is that of all.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit, ndtri

from crossray.analysis.cells import ModelKey, ScoredSplit, Study, known
from crossray.analysis.intervals import LEVEL, Measured, measure_auc
from crossray.analysis.proportions import POWER
from crossray.study.acceptance import HOME, MAKER, Criteria
from crossray.study.names import BINARY_ANSWER

FOLDS = 5

#: standard errors by which a criterion is exceeded that can be shown on as many images again
ROOM = float(ndtri((1 + LEVEL) / 2) + ndtri(POWER))
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Images:
    """The test images of a cell whose label is known.

    Attributes:
        positive: which have the finding, shape (images,).
        logits: of the model, or scores that only rank, shape (images,).
        patients: number of the patient of each, shape (images,).
        count: number of the target's patients.
    """

    positive: NDArray[np.bool_]
    logits: NDArray[np.float64]
    patients: NDArray[np.int64]
    count: int

    def among(self, rows: NDArray[np.bool_]) -> "Images":
        """Return some of them."""
        return Images(self.positive[rows], self.logits[rows], self.patients[rows], self.count)

    @cached_property
    def auc(self) -> Measured:
        """The AUC, measured once for all thresholds."""
        return measure_auc(self.positive, self.logits, self.patients, self.count)


@dataclass(frozen=True)
class Called:
    """A threshold, on the scale of the outputs, and which of a cell's images are called positive."""

    threshold: float
    positive: NDArray[np.bool_]


def images_of(scored: ScoredSplit, trained: ModelKey, task: str) -> Images:
    """Return the images of a cell whose label is known."""
    truth, logits, here = known(scored.labels, scored.reported(trained), task)
    return Images(truth == 1, logits, scored.patients[here], scored.patient_count)


def hits_of(name: str, here: Images, called: Called) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which images of a class are called rightly, and whose they are."""
    rows = here.positive if name == "sensitivity" else ~here.positive
    return (called.positive == here.positive)[rows], here.patients[rows]


@dataclass(frozen=True)
class Brought:
    """The thresholds that a model brings with it.

    Attributes:
        place: where they are from, in words.
        given: task to threshold, of an external model; None if they are chosen on images.
        images: labels, and seed to logits, of the images that they are chosen on.
    """

    place: str
    given: Mapping[str, float] | None = None
    images: tuple[pd.DataFrame, Mapping[str, pd.DataFrame]] | None = None

    def threshold(self, task: str, seed: str, criteria: Criteria) -> float:
        """Return the threshold of a task, NaN where there is none."""
        if self.images is None:
            return (self.given or {}).get(task, float("nan"))
        labels, logits = self.images
        if task not in labels or task not in logits[seed]:
            return float("nan")
        truth, values, _ = known(labels, logits[seed], task)
        return choose(truth == 1, values, criteria)


def brought(study: Study, trained: ModelKey) -> Brought:
    """Return what a model brings: chosen on its source's validation split, or on a named one, or its maker's."""
    external = study.settings.external.get(trained.model)
    if external is None:
        return Brought(HOME, images=study.validation(trained))
    if external.scale == BINARY_ANSWER:
        return Brought(MAKER, dict.fromkeys(study.settings.tasks, 1.0))
    if external.thresholds is None and external.chosen_on:
        scored = study.scored(external.chosen_on, "validation", [trained])
        return Brought(f"validation split of {external.chosen_on}", images=(scored.labels, scored.logits[trained]))
    return Brought(MAKER, external.thresholds or {})


def called_at(here: Images, threshold: float) -> Called | None:
    """Call images by a threshold; None without one."""
    return None if math.isnan(threshold) else Called(threshold, here.logits >= threshold)


def choose(positive: NDArray[np.bool_], logits: NDArray[np.float64], criteria: Criteria) -> float:
    """Choose the threshold that leaves the criteria the most room, NaN where a class is missing.

    With a sensitivity and another criterion: the one whose tighter criterion is exceeded by the most standard errors.
    With one criterion: the one that exceeds it by as much as can be shown on as many images again and gives up the
    least, of specificity for a sensitivity, of sensitivity for any other. With none: the one that costs the least.

    Args:
        positive: which images have the finding, shape (images,).
        logits: of the images, shape (images,).
        criteria: with a criterion that hangs on a threshold, or with what a missed finding costs.
    """
    sizes = int(positive.sum()), int((~positive).sum())
    if not all(sizes):
        return float("nan")
    limits = np.unique(logits)
    ranked = np.sort(logits[positive]), np.sort(logits[~positive])
    reached = 1 - np.searchsorted(ranked[0], limits) / sizes[0], np.searchsorted(ranked[1], limits) / sizes[1]
    rooms = list(_rooms(reached, sizes, criteria))
    if not rooms:
        share, missed = float(criteria.prevalence or 0), float(criteria.miss_costs or 0)
        saved = share * missed * reached[0] + (1 - share) * reached[1]
        cheapest = np.flatnonzero(saved >= saved.max() - _ROUNDING)
        return float(limits[cheapest[len(cheapest) // 2]])
    room = np.min(rooms, axis=0)
    are_opposed = criteria.sensitivity is not None and len(rooms) > 1
    if not are_opposed:
        room = np.minimum(room, ROOM)
    best = np.flatnonzero(room >= room.max() - _ROUNDING)
    # of several the middle, as scores between two images do not differ; of one kind that which gives up the least
    chosen = best[len(best) // 2] if are_opposed else best[-1 if criteria.sensitivity else 0]
    return float(limits[chosen])


def _rooms(
    reached: tuple[NDArray[np.float64], NDArray[np.float64]], sizes: tuple[int, int], criteria: Criteria
) -> Iterator[NDArray[np.float64]]:
    """Yield by how many standard errors each threshold exceeds each criterion.

    Args:
        reached: sensitivity and specificity of each threshold, shape (thresholds,).
        sizes: images with the finding, and without it.
        criteria: what is wanted.
    """
    for wanted, shares, size in zip((criteria.sensitivity, criteria.specificity), reached, sizes, strict=True):
        if wanted is not None:
            yield (shares - wanted) / math.sqrt(wanted * (1 - wanted) / size)
    # shares of both classes that are called, drawn towards a half by an image, so that none has no error
    right, false = ((share * size + 0.5) / (size + 1) for share, size in zip((reached[0], 1 - reached[1]), sizes,
                                                                             strict=True))  # fmt: skip
    share = float(criteria.prevalence or 0)
    if criteria.precision is not None:
        found = logit(share) + np.log(right) - np.log(false)
        error = np.sqrt((1 - right) / (right * sizes[0]) + (1 - false) / (false * sizes[1]))
        yield (found - logit(criteria.precision)) / error
    if criteria.alerts_per_day is not None:
        ill, well = float(criteria.per_day or 0) * share, float(criteria.per_day or 0) * (1 - share)
        error = np.hypot(ill * np.sqrt(right * (1 - right) / sizes[0]), well * np.sqrt(false * (1 - false) / sizes[1]))
        yield (float(criteria.alerts_per_day) - ill * right - well * false) / error


def cross_fitted(here: Images, criteria: Criteria, seed: int) -> Called | None:
    """Call each fifth of the patients by the threshold of the others; the threshold itself is that of all."""
    threshold = choose(here.positive, here.logits, criteria)
    called = np.zeros(len(here.logits), bool)
    owners = np.unique(here.patients)
    folds = np.random.default_rng(seed).permutation(np.arange(len(owners)) % FOLDS)
    fold = folds[np.searchsorted(owners, here.patients)]
    for number in range(FOLDS):
        others, own = fold != number, fold == number
        limit = choose(here.positive[others], here.logits[others], criteria)
        if math.isnan(limit):
            return None
        called[own] = here.logits[own] >= limit
    return Called(threshold, called)
