"""A linear probe: the last layer of a frozen network, a ridge logistic regression for each task on kept features.

Features are scaled to mean 0 and variance 1 / features over the training images, so that one grid of penalties serves
any network. Each task takes the penalty with the smallest log-loss on the source's validation split; classes, which one
softmax gives, take one together. No image of a target is looked at. The scaling is folded into the layer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray.learning.logistic import STEPS, known_fits, solve, turned
from crossray.statistics import auc, class_log_odds

#: steps of a fit at most: hardly any needs as many
_MOST = 5 * STEPS


@dataclass(frozen=True)
class LabelledFeatures:
    """Images with features and labels.

    Attributes:
        features: shape (images, features).
        labels: 1, 0 or NaN (unknown), shape (images, tasks).
    """

    features: NDArray
    labels: NDArray


@dataclass(frozen=True)
class LinearProbe:
    """A fitted last layer.

    Attributes:
        weights: for features as they are, shape (tasks, features).
        intercepts: shape (tasks,).
        penalties: what was chosen for each task, shape (tasks,).
        tried: a table of :class:`crossray.tables.training.Penalties`.
        notes: what there is to say of the choice.
    """

    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    penalties: NDArray[np.float64]
    tried: pd.DataFrame
    notes: list[str]


def fit_linear_probe(
    training: LabelledFeatures,
    validation: LabelledFeatures,
    tasks: Sequence[str],
    penalties: Sequence[float],
    exclusive: bool = False,
) -> LinearProbe:
    """Fit the last layer of a network.

    Args:
        training: images to fit, with a positive and a negative of each task.
        validation: images that choose the penalty.
        tasks: names of the label columns.
        penalties: that are tried; weight of half the squared norm of a task's weights beside the sum of its losses, as
            1 / C of scikit-learn's.
        exclusive: whether the tasks are the classes of one softmax.
    """
    grid = sorted(penalties, reverse=True)
    if not all(np.isfinite(part.features).all() for part in (training, validation)):
        return _without_numbers(training.features.shape[1], tasks, grid)
    spread = training.features.std(axis=0, dtype=np.float64)
    centre = training.features.mean(axis=0, dtype=np.float64)
    scale = np.where(spread > 0, spread, 1.0) * np.sqrt(training.features.shape[1])
    design, rotation = turned((training.features - centre) / scale)
    seen = (validation.features - centre) / scale @ rotation
    fitted, rows = [], []
    start = None
    for penalty in grid:
        fits = known_fits(training.labels.T, np.full(len(tasks), penalty), exclusive=exclusive)
        weights, intercepts, _ = solve(design, fits, _MOST, start)
        start = weights, intercepts
        fitted.append(start)
        parts = [(training.labels, design @ weights + intercepts), (validation.labels, seen @ weights + intercepts)]
        rows.append(_row(parts, exclusive))
    losses = np.array([row["validation_loss"] for row in rows])
    chosen, notes = _chosen(losses, validation.labels, exclusive), []
    for task, place in zip(tasks, chosen, strict=True):
        if place in (0, len(grid) - 1) and len(grid) > 1:
            end = "smallest" if place else "largest"
            notes.append(f"{task}: the penalty chosen, {grid[place]:g}, is the {end} tried")
    columns = range(len(tasks))
    weights = np.stack([fitted[chosen[task]][0][:, task] for task in columns])
    intercepts = np.array([fitted[chosen[task]][1][task] for task in columns])
    turned_back = (weights @ rotation.T) / scale
    return LinearProbe(
        turned_back, intercepts - turned_back @ centre, np.array(grid)[chosen],
        pd.DataFrame(_tried(tasks, grid, rows, chosen)), notes,
    )  # fmt: skip


def _without_numbers(width: int, tasks: Sequence[str], grid: Sequence[float]) -> LinearProbe:
    """Return a layer of NaN, whose outputs are then no numbers either."""
    nothing = np.full(len(tasks), np.nan)
    rows = [dict.fromkeys(("train_loss", "validation_loss", "validation_auc"), nothing) for _ in grid]
    tried = pd.DataFrame(_tried(tasks, grid, rows, np.full(len(tasks), -1)))
    notes = ["nothing was fitted: features are not numbers; look where the network's weights come from"]
    return LinearProbe(np.full((len(tasks), width), np.nan), nothing, nothing, tried, notes)


def _chosen(losses: NDArray, labels: NDArray, exclusive: bool) -> NDArray[np.int64]:
    """Return the place of each task's penalty: of equal losses the larger's, and the largest where a class is missing.

    Args:
        losses: on the validation split, penalties from the largest on, shape (penalties, tasks).
        labels: of the validation split, shape (images, tasks).
        exclusive: whether the tasks are classes, which have one loss.
    """
    both = (labels == 1).any(axis=0) & (labels == 0).any(axis=0)
    return np.where(both | exclusive, losses.argmin(axis=0), 0)


def _row(parts: Sequence[tuple[NDArray, NDArray]], exclusive: bool) -> dict[str, NDArray]:
    """Return the mean losses of each task on both splits, and its AUC on the second; NaN where nothing is known."""
    losses = [_losses(labels, logits, exclusive) for labels, logits in parts]
    labels, logits = parts[1]
    scores = class_log_odds(logits) if exclusive else logits
    known = ~np.isnan(labels)
    aucs = [auc(labels[known[:, task], task], scores[known[:, task], task]) for task in range(labels.shape[1])]
    return {"train_loss": losses[0], "validation_loss": losses[1], "validation_auc": np.array(aucs)}


def _losses(labels: NDArray, logits: NDArray, exclusive: bool) -> NDArray[np.float64]:
    if exclusive:
        loss = np.mean(np.logaddexp.reduce(logits, axis=1) - (labels * logits).sum(axis=1))
        return np.full(labels.shape[1], loss)
    known = ~np.isnan(labels)
    each = np.where(known, np.logaddexp(0, logits) - np.where(known, labels, 0) * logits, 0)
    return each.sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _tried(
    tasks: Sequence[str], grid: Sequence[float], rows: Sequence[dict[str, NDArray]], chosen: NDArray
) -> Iterator[dict[str, Any]]:
    for column, task in enumerate(tasks):
        for place, (penalty, row) in enumerate(zip(grid, rows, strict=True)):
            numbers = {name: float(values[column]) for name, values in row.items()}
            yield {"task": task, "penalty": penalty, **numbers, "kept": place == chosen[column]}
