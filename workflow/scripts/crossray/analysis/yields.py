"""Results of a threshold in use: sensitivity and specificity, precision at a given prevalence, and alerts per day."""

import math
from typing import Any

from scipy.special import expit

from crossray.analysis import net_benefit, shares
from crossray.analysis.local_thresholds import Called, Images, hits_of
from crossray.analysis.sums import Limits, of_two, with_limits
from crossray.study.acceptance import Criteria

_ROUNDING = 1e-12


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
        row |= with_limits(name, found[name])
    if criteria.prevalence is None:
        return row
    prevalence, kept = float(criteria.prevalence), found["sensitivity"]
    row |= with_limits("precision", precision(here, called, prevalence))
    if criteria.miss_costs is not None:
        row |= _costs(here, called, float(criteria.miss_costs), prevalence)
    if criteria.per_day is not None:
        ill = float(criteria.per_day) * prevalence
        row |= with_limits("alerts_per_day", alerts(here, called, prevalence, float(criteria.per_day)))
        row |= with_limits("missed_per_day", (ill * (1 - kept[0]), ill * (1 - kept[2]), ill * (1 - kept[1])))
    return row


def precision(here: Images, called: Called, prevalence: float) -> Limits:
    """Return the share of alerts that are correct, with its limits; NaN where nobody is called."""
    right, false = _called(here, called)
    return _precision(right, false, prevalence)


def alerts(here: Images, called: Called, prevalence: float, per_day: float) -> Limits:
    """Return the alerts of a day with so many images, with their limits."""
    ill = per_day * prevalence
    right, false = _called(here, called)
    value, low, high = of_two((ill, right), (per_day - ill, false))
    return value, max(low, 0.0), high


def _called(here: Images, called: Called) -> tuple[Limits, Limits]:
    """Return which share of images with the finding is called, and which of those without, with their limits."""
    (hits, owners), (left, others) = (hits_of(name, here, called) for name in ("sensitivity", "specificity"))
    low, high = shares.interval(~left, others)
    return (float(hits.mean()), *shares.interval(hits, owners)), (float((~left).mean()), low, high)


def _costs(here: Images, called: Called, missed: float, prevalence: float) -> dict[str, float]:
    """Return net benefit, and what 100 images cost in false alarms, of which a missed finding costs several."""
    benefit = net_benefit.of_calls(here, called.positive, 1 / missed, prevalence)
    value, low, high = (100 * missed * (prevalence - end) for end in benefit)
    row = with_limits("net_benefit", benefit) | with_limits("cost", (value, max(high, 0.0), low))
    return row | {"cost_of_none": 100 * missed * prevalence, "cost_of_all": 100 * (1 - prevalence)}


def _precision(right: Limits, false: Limits, prevalence: float) -> Limits:
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
