"""Is a score usable elsewhere? Operating points carried from home, and how far probabilities are from frequencies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray.analysis.cells import Scored, Study, Trained, known
from crossray.analysis.metrics import brier_score, calibration_bins, calibration_error
from crossray.analysis.resampling import interval, weighted_sums, with_interval
from crossray.analysis.thresholds import GIVEN, RULES, chosen, outputs, thresholds_by_rule
from crossray.tables import MEAN_OF_TASKS

KEYS = ["model", "source", "target", "task"]
BINS = 10

_SHARES = ("sensitivity", "specificity", "precision")
#: one row a cell, rule and place of choice, and one for the mean of a pair's tasks; thresholds are logits
POINT_COLUMNS = [*KEYS, "rule", "chosen_on", "tasks", "images", "positives", "threshold",
                 *(f"{name}{end}" for name in _SHARES for end in ("", "_low", "_high"))]  # fmt: skip
#: one row a cell and scale: ``probability`` is the sigmoid, ``operating point`` the map of the threshold to 0.5
_ERRORS = ("calibration_error", "brier")
ERROR_COLUMNS = [*KEYS, "scale", "images", "positives",
                 *(f"{name}{end}" for name in _ERRORS for end in ("", "_low", "_high"))]  # fmt: skip
#: one row a bin of a cell, and of all tasks of a pair together
BIN_COLUMNS = [*KEYS, "scale", "bin", "images", "probability", "observed", "observed_low", "observed_high"]

ALL_TASKS = "all tasks"
SOURCE, TARGET, MAKER = "source's validation split", "target's test split", "the maker"


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure every cell that a report shows.

    Returns:
        Tables with :data:`POINT_COLUMNS`, :data:`ERROR_COLUMNS` and :data:`BIN_COLUMNS`.
    """
    own = {trained: thresholds_by_rule(study, trained) for trained in study.trained()}
    points: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    bins: list[dict[str, Any]] = []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        for trained in scored.logits:
            logits = scored.reported(trained)
            pooled: dict[str, NDArray] = {}
            carried: list[list[Point]] = []
            for task in study.settings.tasks:
                if not scored.measurable(trained, task):
                    continue
                key = dict(zip(KEYS, (trained.model, trained.source, scored.dataset, task), strict=True))
                carried.append(list(_points(scored, trained, task, own[trained], weights)))
                points += [key | _row(point) for point in carried[-1]]
                for scale, probabilities in _scales(scored, trained, task, own[trained]).items():
                    row, sums = _errors(scored, logits, task, probabilities, weights)
                    errors.append(key | {"scale": scale} | row)
                    bins += [key | {"scale": scale} | part for part in _bins(sums)]
                    pooled[scale] = pooled.get(scale, 0) + sums
            key = dict(zip(KEYS, (trained.model, trained.source, scored.dataset, MEAN_OF_TASKS), strict=True))
            points += [key | _row(_mean(same)) for same in zip(*carried, strict=True)]
            key["task"] = ALL_TASKS
            bins += [key | {"scale": scale} | part for scale, sums in pooled.items() for part in _bins(sums)]
    return (
        pd.DataFrame(points, columns=POINT_COLUMNS),
        pd.DataFrame(errors, columns=ERROR_COLUMNS),
        pd.DataFrame(bins, columns=BIN_COLUMNS),
    )


@dataclass(frozen=True)
class Point:
    """What a threshold gives: facts, and each share with its bootstrap replicates."""

    facts: Mapping[str, Any]
    shares: Mapping[str, tuple[float, NDArray]]


def _points(
    scored: Scored, trained: Trained, task: str, own: Mapping[str, Mapping], weights: NDArray
) -> Iterator[Point]:
    """Yield sensitivity, specificity and precision at each threshold; NaN without one."""
    logits = scored.reported(trained)
    seed = scored.reported_seed(trained)
    truth, scores, here = known(scored.labels, logits, task)
    choices = [(rule, MAKER if rule == GIVEN else SOURCE, own[rule].get((seed, task), np.nan)) for rule in own]
    choices += [(rule, TARGET, chosen(scored.labels, {seed: logits[[task]]}, rule)[seed, task]) for rule in RULES]
    positive = truth == 1
    called = np.stack([scores >= limit for _, _, limit in choices], axis=1)
    columns = np.concatenate([called & positive[:, None], called & ~positive[:, None], positive[:, None]], axis=1)
    drawn = weighted_sums(weights[:, here], np.c_[columns, np.ones(len(truth))])
    exact = np.r_[columns.sum(axis=0), len(truth)].astype(float)
    counts = {"images": len(truth), "positives": int(positive.sum())}
    for number, (rule, place, limit) in enumerate(choices):
        values = (exact, drawn) if not np.isnan(limit) else (exact * np.nan, drawn * np.nan)
        shares = zip(*(_shares(sums, number) for sums in values), strict=True)
        facts = {"rule": rule, "chosen_on": place, **counts, "threshold": limit}
        yield Point(facts, {name: (float(share[0]), share[1]) for name, share in zip(_SHARES, shares, strict=True)})


def _mean(points: Sequence[Point]) -> Point:
    """Average one rule's points over tasks; tasks without a threshold are left out."""
    usable = [point for point in points if not np.isnan(point.facts["threshold"])]
    facts = {name: points[0].facts[name] for name in ("rule", "chosen_on")} | {"tasks": len(usable)}
    empty = (float("nan"), np.full(1, np.nan))
    shares = {}
    for name in _SHARES:
        parts = [point.shares[name] for point in usable if not np.isnan(point.shares[name][0])]
        drawn = [values for _, values in parts]
        shares[name] = (float(np.mean([value for value, _ in parts])), np.mean(drawn, axis=0)) if parts else empty
    return Point(facts, shares)


def _row(point: Point) -> dict[str, Any]:
    row = dict(point.facts)
    for name, (value, drawn) in point.shares.items():
        row |= with_interval(name, value, drawn)
    return row


def _shares(sums: NDArray, number: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return sensitivity, specificity and precision of one threshold from sums of true and false calls."""
    thresholds = (sums.shape[-1] - 2) // 2
    true, false = sums[..., number], sums[..., thresholds + number]
    positives, images = sums[..., -2], sums[..., -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return true / positives, 1 - false / (images - positives), true / (true + false)


def _scales(scored: Scored, trained: Trained, task: str, own: Mapping[str, Mapping]) -> dict[str, NDArray]:
    """Return the outputs of all images as probabilities and on the operating point's scale, where there is one."""
    if not scored.has_probability(trained):
        return {}
    scales = {"probability": expit(scored.reported(trained)[task].to_numpy())}
    mapped = outputs(scored, trained, task, next(iter(own.values())))
    return scales if np.isnan(mapped).all() else scales | {"operating point": mapped}


def _errors(
    scored: Scored, logits: pd.DataFrame, task: str, probabilities: NDArray, weights: NDArray
) -> tuple[dict[str, Any], NDArray]:
    """Measure calibration error and Brier score.

    Returns:
        The row; and sums of images, probabilities and positives in each bin, for all images and then for each resample,
        shape (1 + resamples, 3, bins).
    """
    truth, _, here = known(scored.labels, logits, task)
    given = probabilities[here]
    member = np.eye(BINS)[calibration_bins(given, BINS)]
    parts = [member, member * given[:, None], member * truth[:, None], (given - truth)[:, None] ** 2]
    columns = np.concatenate(parts, axis=1)
    sums = np.concatenate([columns.sum(axis=0)[None], weighted_sums(weights[:, here], columns)])
    binned = sums[:, :-1].reshape(len(sums), 3, BINS)
    images = binned[:, 0].sum(axis=1)
    row: dict[str, Any] = {"images": len(truth), "positives": int((truth == 1).sum())}
    errors = np.abs(binned[:, 1] - binned[:, 2]).sum(axis=1) / images
    exact = (calibration_error(truth, given, BINS), brier_score(truth, given))
    for name, value, values in zip(("calibration_error", "brier"), exact, (errors, sums[:, -1] / images), strict=True):
        row |= with_interval(name, value, values[1:])
    return row, binned


def _bins(sums: NDArray) -> Iterator[dict[str, Any]]:
    """Yield a row for each bin that holds an image."""
    images, probabilities, positives = sums[:, 0], sums[:, 1], sums[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = positives / images
    for number in range(BINS):
        if images[0, number]:
            low, high = interval(observed[1:, number])
            yield {
                "bin": number, "images": int(images[0, number]),
                "probability": probabilities[0, number] / images[0, number],
                "observed": observed[0, number], "observed_low": low, "observed_high": high,
            }  # fmt: skip
