"""A head on features that are computed once: a ridge logistic regression, drawn towards the head that was there.

Features are scaled to mean 0 and variance 1 / features over the images that are fitted, so that one penalty means the
same for any number of them. It is chosen by cross-validation over patients, and all fits run together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from crossray.study.ways import INTERCEPT_DEVIATION, SLOPE_DEVIATION

#: weights of half the squared norm of a head's weights; the largest leaves hardly anything of them
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
FOLDS = 5
#: images that choose the penalty, at most: with more of them hardly anything changes
_CHOOSING = 2000
#: steps of a fit at most, and of those that only choose
_STEPS, _ROUGH = 200, 40
#: a head of its own has an intercept as free as a fit allows
_FREE = 1e-6


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


@dataclass(frozen=True)
class _Fits:
    """Logistic regressions that run together, one a row.

    Attributes:
        targets: shape (fits, images).
        counted: 1 for images that are fitted, 0 for others, shape (fits, images).
        penalties: shape (fits,).
        before: logits that are changed, shape (fits, images), or None.
    """

    targets: NDArray
    counted: NDArray
    penalties: NDArray
    before: NDArray | None


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
    design, rotation = _turned((features - centre) / scale)
    learnt = both_kinds(labels)
    weights, intercepts, slopes = np.zeros((features.shape[1], tasks)), np.zeros(tasks), np.ones(tasks)
    penalties = np.full(tasks, np.nan)
    if learnt.any():
        places = np.flatnonzero(learnt)
        some = None if before is None else before[:, places]
        penalties[places] = _chosen(design, labels[:, places], patients, some, seed)
        fits = _fits(labels[:, places].T, penalties[places], None if some is None else some.T)
        turned, intercepts[places], slopes[places] = _solved(design, fits)
        weights[:, places] = rotation @ turned
    return Heads(centre, scale, weights, intercepts, slopes, learnt, penalties)


def both_kinds(labels: NDArray) -> NDArray[np.bool_]:
    """Return which tasks have a positive and a negative, shape (tasks,); labels of shape (images, tasks)."""
    return (labels == 1).any(axis=0) & (labels == 0).any(axis=0)


def _turned(design: NDArray) -> tuple[NDArray, NDArray]:
    """Return features in the span of few images, which a ridge does not leave, and what turns weights back."""
    if len(design) >= design.shape[1]:
        return np.asarray(design, np.float64), np.eye(design.shape[1])
    left, sizes, right = torch.linalg.svd(torch.tensor(design, dtype=torch.float64), full_matrices=False)
    return (left * sizes).numpy(), right.T.numpy()


def _fits(labels: NDArray, penalties: NDArray, before: NDArray | None) -> _Fits:
    """Return one fit a row, to all images whose label is known."""
    known = ~np.isnan(labels)
    return _Fits(np.where(known, labels, 0.0), known.astype(np.float64), penalties, before)


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
    fits = _fits(labels.T[owner], np.tile(PENALTIES, len(places)), None if before is None else before.T[owner])
    learning = _Fits(fits.targets, fits.counted * ~left_out, fits.penalties, fits.before)
    weights, intercepts, slopes = _solved(design, learning, _ROUGH)
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


def _solved(design: NDArray, fits: _Fits, steps: int = _STEPS) -> tuple[NDArray, NDArray, NDArray]:
    """Run all fits; return weights (features, fits), intercepts and slopes (fits,)."""
    images, targets, counted, penalties = map(torch.tensor, (design, fits.targets, fits.counted, fits.penalties))
    before = None if fits.before is None else torch.tensor(np.asarray(fits.before, np.float64))
    values = torch.zeros(design.shape[1] + 2, len(targets), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([values], max_iter=steps, history_size=20, tolerance_grad=1e-6,
                                  tolerance_change=1e-10, line_search_fn="strong_wolfe")  # fmt: skip

    def cost() -> torch.Tensor:
        optimiser.zero_grad()
        weights, intercepts, changes = values[:-2], values[-2], values[-1]
        logits = (images @ weights + intercepts).T
        prior = penalties * (weights**2).sum(0)
        if before is None:
            prior = prior + _FREE * (intercepts**2 + changes**2)
        else:
            logits = logits + before * (1 + changes)[:, None]
            prior = prior + (intercepts / INTERCEPT_DEVIATION) ** 2 + (changes / SLOPE_DEVIATION) ** 2
        losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        total = (losses * counted).sum() + prior.sum() / 2
        total.backward()
        return total

    optimiser.step(cost)
    found = values.detach().numpy()
    return found[:-2], found[-2], 1 + found[-1]
