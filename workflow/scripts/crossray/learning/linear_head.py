"""A head on features that are computed once: a ridge logistic regression, drawn towards the head that was there.

Features are scaled to mean 0 and variance 1 / features over the images that are fitted, so that one penalty means the
same for any number of them. It is chosen by cross-validation over patients, and all fits run together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from crossray.learning.logistic import Fits, known_fits, solve, turned

#: weights of half the squared norm of a head's weights; the largest leaves hardly anything of them
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
FOLDS = 5
#: images that choose the penalty, at most: with more of them hardly anything changes
_CHOOSING = 2000
#: steps at most of fits that only choose
_ROUGH = 40


@dataclass(frozen=True)
class Heads:
    """Heads for several tasks.

    Attributes:
        centre: mean of each feature, shape (features,).
        scale: what features are divided by, shape (features,).
        weights: shape (features, tasks).
        intercepts: shape (tasks,).
        slopes: of the logits that were there before, shape (tasks,).
        learnt: whether each task had images of both kinds; others keep what was there, shape (tasks,).
        penalties: what was chosen for each task, NaN where nothing was learnt, shape (tasks,).
    """

    centre: NDArray
    scale: NDArray
    weights: NDArray
    intercepts: NDArray
    slopes: NDArray
    learnt: NDArray[np.bool_]
    penalties: NDArray

    def logits(self, features: NDArray, before: NDArray | None = None) -> NDArray[np.float64]:
        """Return logits of shape (images, tasks).

        Args:
            features: shape (images, features).
            before: logits that the heads were fitted to change, shape (images, tasks), if they were.
        """
        found = ((features - self.centre) / self.scale) @ self.weights + self.intercepts
        return found if before is None else found + self.slopes * before


def fit_heads(
    features: NDArray, labels: NDArray, patients: NDArray, before: NDArray | None = None, seed: int = 0
) -> Heads:
    """Fit a head for each task.

    Args:
        features: shape (images, features).
        labels: 1, 0 or NaN (unknown), shape (images, tasks).
        patients: whose each image is, shape (images,); one patient's are in one fold.
        before: calibrated logits of the head that was there, shape (images, tasks): the new one is drawn towards it.
            Without, a head is fitted for itself.
        seed: of the folds.
    """
    tasks = labels.shape[1]
    spread = features.std(axis=0)
    centre, scale = features.mean(axis=0), np.where(spread > 0, spread, 1.0) * np.sqrt(features.shape[1])
    design, rotation = turned((features - centre) / scale)
    learnt = both_kinds(labels)
    weights, intercepts, slopes = np.zeros((features.shape[1], tasks)), np.zeros(tasks), np.ones(tasks)
    penalties = np.full(tasks, np.nan)
    if learnt.any():
        places = np.flatnonzero(learnt)
        some = None if before is None else before[:, places]
        penalties[places] = _chosen(design, labels[:, places], patients, some, seed)
        fits = known_fits(labels[:, places].T, penalties[places], None if some is None else some.T)
        found, intercepts[places], slopes[places] = solve(design, fits)
        weights[:, places] = rotation @ found
    return Heads(centre, scale, weights, intercepts, slopes, learnt, penalties)


def both_kinds(labels: NDArray) -> NDArray[np.bool_]:
    """Return which tasks have a positive and a negative, shape (tasks,); labels of shape (images, tasks)."""
    return (labels == 1).any(axis=0) & (labels == 0).any(axis=0)


def _chosen(design: NDArray, labels: NDArray, patients: NDArray, before: NDArray | None, seed: int) -> NDArray:
    """Return each task's largest penalty whose log-loss on left-out patients is within a standard error of the best.

    The error is that of the difference between the two, image by image (the one-standard-error rule; Breiman and others
    1984, section 3.4.3), so that a head of few images stays near the one that was there.
    """
    if len(design) > _CHOOSING:
        some = np.random.default_rng(seed).permutation(len(design))[:_CHOOSING]
        design, labels, patients = design[some], labels[some], patients[some]
        before = None if before is None else before[some]
    folds = [list(_folds(column, patients, seed)) for column in labels.T]
    places = [(task, fold) for task, several in enumerate(folds) for fold in several]
    found = np.full(labels.shape[1], PENALTIES[-1])
    if not places:
        return found
    owner = np.repeat([task for task, _ in places], len(PENALTIES))
    left_out = np.repeat([fold for _, fold in places], len(PENALTIES), axis=0)
    fits = known_fits(labels.T[owner], np.tile(PENALTIES, len(places)), None if before is None else before.T[owner])
    learning = Fits(fits.targets, fits.counted * ~left_out, fits.penalties, fits.before)
    weights, intercepts, slopes = solve(design, learning, _ROUGH)
    logits = (design @ weights).T + intercepts[:, None]
    logits = logits if fits.before is None else logits + slopes[:, None] * fits.before
    losses = (np.logaddexp(0, logits) - fits.targets * logits) * fits.counted * left_out
    by_fold = losses.reshape(len(places), len(PENALTIES), -1)
    for task, several in enumerate(folds):
        if several:
            own = by_fold[[place for place, (one, _) in enumerate(places) if one == task]].sum(axis=0)
            found[task] = PENALTIES[_simplest(own[:, np.any(several, axis=0)])]
    return found


def _simplest(losses: NDArray) -> int:
    """Return the number of the last row that is not surely worse than the best; losses of shape (penalties, images)."""
    worse = losses - losses[losses.sum(axis=1).argmin()]
    error = worse.std(axis=1, ddof=1) / np.sqrt(losses.shape[1])
    return int(np.flatnonzero(worse.mean(axis=1) <= error)[-1])


def _folds(labels: NDArray, patients: NDArray, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield which images each fold leaves out; none where a class has too few patients for two folds."""
    known = np.flatnonzero(~np.isnan(labels))
    kinds = labels[known].astype(int)
    fewest = min(len(np.unique(patients[known][kinds == kind])) for kind in (0, 1)) if len(set(kinds)) == 2 else 0
    if fewest < 2:
        return
    splitter = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
    for _, places in splitter.split(known, kinds, patients[known]):
        fold = np.zeros(len(labels), bool)
        fold[known[places]] = True
        yield fold
