"""Results of a threshold in use: sensitivity and specificity, precision at a given prevalence, and alerts per day."""

import math
from typing import Any

from scipy.special import expit

from crossray.analysis import shares
from crossray.analysis.local_thresholds import Called, Images, hits_of
from crossray.study.acceptance import Criteria

_ROUNDING = 1e-12

#: a number and its limits
_Limits = tuple[float, float, float]


def measure(here: Images, called: Called, criteria: Criteria, is_sure: bool = True) -> dict[str, Any]:
    """Return the columns of a threshold's row: what depends on the prevalence only where one is given.

    Args:
        here: the images.
        called: the threshold, and which of them it calls positive.
        criteria: with what is known of where the model is to be used.
        is_sure: whether outputs are log-odds, so that the threshold has a probability.
    """
    row: dict[str, Any] = {"threshold": called.threshold}
    row |= {"probability": float(expit(called.threshold))} if is_sure else {}
    found = {}
    for name in ("sensitivity", "specificity"):
        hits, owners = hits_of(name, here, called)
        found[name] = (float(hits.mean()), *shares.interval(hits, owners))
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), found[name], strict=True))
    if criteria.prevalence is None:
        return row
    right, kept = found["sensitivity"], found["specificity"]
    false = (1 - kept[0], 1 - kept[2], 1 - kept[1])
    row |= _with_limits("precision", _precision(right, false, float(criteria.prevalence)))
    if criteria.per_day is not None:
        ill = float(criteria.per_day) * float(criteria.prevalence)
        well = float(criteria.per_day) - ill
        row |= _with_limits("alerts_per_day", _sum((ill, right), (well, false)))
        row |= _with_limits("missed_per_day", (ill * (1 - right[0]), ill * (1 - right[2]), ill * (1 - right[1])))
    return row


def _with_limits(name: str, limits: _Limits) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), limits, strict=True))


def _sum(*parts: tuple[float, _Limits]) -> _Limits:
    """Add independent numbers and recover the variance of the sum from their limits (MOVER; Zou and Donner 2008)."""
    value = sum(weight * limits[0] for weight, limits in parts)
    below = math.hypot(*(weight * (limits[0] - limits[1]) for weight, limits in parts))
    above = math.hypot(*(weight * (limits[2] - limits[0]) for weight, limits in parts))
    return value, max(value - below, 0.0), value + above


def _precision(right: _Limits, false: _Limits, prevalence: float) -> _Limits:
    """Return the share of right calls, whose odds are those of the prevalence times a ratio of two shares."""
    if not right[0] + false[0]:
        return float("nan"), float("nan"), float("nan")
    odds = prevalence / (1 - prevalence)
    value = odds * right[0] / (odds * right[0] + false[0])
    if not right[0] or not false[0]:
        ends = [odds * r / (odds * r + f) for r, f in ((right[1], false[2]), (right[2], false[1]))]
        return value, ends[0], ends[1]
    logs = [tuple(math.log(max(end, _ROUNDING)) for end in limits) for limits in (right, false)]
    centre = math.log(odds) + logs[0][0] - logs[1][0]
    below = math.hypot(logs[0][0] - logs[0][1], logs[1][2] - logs[1][0])
    above = math.hypot(logs[0][2] - logs[0][0], logs[1][0] - logs[1][1])
    return value, float(expit(centre - below)), float(expit(centre + above))
