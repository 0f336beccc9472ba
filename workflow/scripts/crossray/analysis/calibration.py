"""Do thresholds and probabilities transfer? Operating points of the source at the target, and calibration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray.analysis import calibration_line, shares
from crossray.analysis.calibration_errors import BINS, binned_sums, errors
from crossray.analysis.cells import Cell, Study
from crossray.analysis.means import Mean, mean_of, single
from crossray.analysis.metrics import brier_score
from crossray.analysis.resampling import interval, weighted_sums, with_interval
from crossray.analysis.thresholds import GIVEN, RULES, Thresholds, outputs, thresholds_by_rule
from crossray.tables import MEAN_OF_TASKS, of_rows
from crossray.tables.calibration import Calibration, OperatingPoints, Reliability

_SHARES = ("sensitivity", "specificity", "precision")
PROBABILITY = "probability"

ALL_TASKS = "all tasks"
SOURCE, TARGET, MAKER = "source's validation split", "target's test split", "the maker"


def measure(study: Study) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure every cell that a report shows.

    Returns:
        Tables of :class:`OperatingPoints`, :class:`Calibration` and :class:`Reliability`.
    """
    own = {trained: thresholds_by_rule(study, trained) for trained in study.trained()}
    points: list[dict[str, Any]] = []
    measured: list[dict[str, Any]] = []
    bins: list[dict[str, Any]] = []
    for scored in study.targets(counts=True):
        weights = scored.weights(study.settings.evaluation)
        for trained, cells in study.cells(scored):
            pooled: dict[str, NDArray] = {}
            carried: list[list[Point]] = []
            for cell in cells:
                carried.append(list(_points(cell, own[trained], weights)))
                points += [cell.key | _row(point) for point in carried[-1]]
                for scale, probabilities in _scales(cell, own[trained]).items():
                    row, sums = _errors(cell, probabilities, weights)
                    row |= _line(cell) if scale == PROBABILITY and cell.scored.sizes is None else {}
                    measured.append(cell.key | {"scale": scale} | row)
                    bins += [cell.key | {"scale": scale} | part for part in _bins(sums)]
                    pooled[scale] = pooled.get(scale, 0) + sums
            pair = scored.key(trained)
            points += [pair | {"task": MEAN_OF_TASKS} | _row(_mean(same)) for same in zip(*carried, strict=True)]
            pair["task"] = ALL_TASKS
            bins += [pair | {"scale": scale} | part for scale, sums in pooled.items() for part in _bins(sums)]
    return (
        of_rows(points, OperatingPoints),
        of_rows(measured, Calibration),
        of_rows(bins, Reliability),
    )


@dataclass(frozen=True)
class Point:
    """What a threshold gives: facts, and each share with its interval, or None."""

    facts: Mapping[str, Any]
    shares: Mapping[str, Mean | None]


def _points(cell: Cell, own: Mapping[str, Thresholds], weights: NDArray) -> Iterator[Point]:
    """Yield sensitivity, specificity and precision at each threshold; NaN without one."""
    truth, scores, here = cell.known
    choices = [
        (rule, MAKER if rule == GIVEN else SOURCE, own[rule].get((cell.seed, cell.task), np.nan)) for rule in own
    ]
    if cell.scored.sizes is None:  # a threshold is one of the outputs, which counts do not tell
        choices += [(rule, TARGET, RULES[rule](truth, scores)) for rule in RULES]
    positive, owners = truth == 1, cell.scored.patients[here]
    called = np.stack([scores >= limit for _, _, limit in choices], axis=1)
    columns = np.concatenate([called & positive[:, None], called & ~positive[:, None], positive[:, None]], axis=1)
    drawn = weighted_sums(weights[:, here], np.c_[columns, np.ones(len(truth))])
    counts = {"images": len(truth), "positives": int(positive.sum())}
    for number, (rule, place, limit) in enumerate(choices):
        facts = {"rule": rule, "chosen_on": place, **counts, "threshold": limit}
        above = called[:, number]
        parts = ((above, positive), (~above, ~positive), (positive, above))
        resampled = zip(_SHARES, parts, _shares(drawn, number), strict=True)
        found = {name: _share(hits[among], owners[among], values) for name, (hits, among), values in resampled}
        yield Point(facts, {name: None if np.isnan(limit) else share for name, share in found.items()})


def _share(hits: NDArray[np.bool_], owners: NDArray, drawn: NDArray) -> Mean | None:
    """Return the share of hits; None without an image."""
    return single(float(hits.mean()), *shares.interval(hits, owners), drawn) if len(hits) else None


def _mean(points: Sequence[Point]) -> Point:
    """Average one rule's points over tasks; tasks without a threshold are left out."""
    usable = [point for point in points if not np.isnan(point.facts["threshold"])]
    facts = {name: points[0].facts[name] for name in ("rule", "chosen_on")} | {"tasks": len(usable)}
    known = {name: [point.shares[name] for point in usable] for name in _SHARES}
    found = {name: [share for share in several if share is not None] for name, several in known.items()}
    return Point(facts, {name: mean_of(several) if several else None for name, several in found.items()})


def _row(point: Point) -> dict[str, Any]:
    row = dict(point.facts)
    for name, share in point.shares.items():
        row |= share.with_interval(name) if share is not None else {}
    return row


def _shares(sums: NDArray, number: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return sensitivity, specificity and precision of one threshold from sums of true and false calls."""
    thresholds = (sums.shape[-1] - 2) // 2
    true, false = sums[..., number], sums[..., thresholds + number]
    positives, images = sums[..., -2], sums[..., -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return true / positives, 1 - false / (images - positives), true / (true + false)


def _scales(cell: Cell, own: Mapping[str, Thresholds]) -> dict[str, NDArray]:
    """Return the outputs of all images as probabilities and on the operating point's scale, where there is one."""
    if not cell.scored.has_probability(cell.trained):
        return {}
    scales = {PROBABILITY: expit(cell.logits)}
    mapped = outputs(cell.scored, cell.trained, cell.task, next(iter(own.values())))
    return scales if np.isnan(mapped).all() else scales | {"operating point": mapped}


def _errors(cell: Cell, probabilities: NDArray, weights: NDArray) -> tuple[dict[str, Any], NDArray]:
    """Measure calibration error, without its bias, and Brier score.

    Returns:
        The row; and sums of images, probabilities and positives in each bin, for all images and then for each resample,
        shape (1 + resamples, 3, bins).
    """
    truth, _, here = cell.known
    given, owners = probabilities[here], cell.scored.patients[here]
    drawn = weights[:, here]
    binned = binned_sums(truth, given, drawn)
    losses = weighted_sums(drawn, (given - truth)[:, None] ** 2)[:, 0] / binned[1:, 0].sum(axis=1)
    row: dict[str, Any] = {"images": len(truth), "positives": int((truth == 1).sum())}
    row |= with_interval("brier", brier_score(truth, given), losses)
    return row | with_interval("calibration_error", *errors(truth, given, owners, binned)), binned


def _line(cell: Cell) -> dict[str, float]:
    """Return slope, intercept, and observed over expected, with intervals."""
    truth, scores, here = cell.known
    line = calibration_line.measure(truth, scores, cell.scored.patients[here])
    return (
        line.slope.columns("slope")
        | line.intercept.columns("intercept")
        | line.observed_expected.columns("observed_expected")
    )


def _bins(sums: NDArray) -> Iterator[dict[str, Any]]:
    """Yield a row for each non-empty bin."""
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
