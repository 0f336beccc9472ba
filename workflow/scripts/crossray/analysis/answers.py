"""Whether criteria are met: the measured value of each with its interval, the answer, and what data would settle it.

A criterion is met where its 95% interval lies at or beyond what is wanted, and not met where it lies short of it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit, ndtri

from crossray.analysis import shares, yields
from crossray.analysis.intervals import LEVEL, interval
from crossray.analysis.local_thresholds import Called, Images, hits_of
from crossray.analysis.proportions import POWER, images_to_show
from crossray.analysis.sums import Limits
from crossray.study.acceptance import ALERTS, ALL, CANNOT_TELL, MET, NOT_MET, Criteria

#: criterion -> the scale on which its interval is nearly symmetric
_SCALES = {"precision": logit, ALERTS: np.log}
#: differences below this are rounding
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Judged:
    """The images of a cell, and what a threshold makes of them; nothing where there is none."""

    images: Images
    called: Called | None

    def among(self, rows: NDArray[np.bool_]) -> "Judged":
        """Return it on some of the images."""
        called = self.called and Called(self.called.threshold, self.called.positive[rows])
        return Judged(self.images.among(rows), called)


def each_criterion(here: Judged, criteria: Criteria) -> Iterator[dict[str, Any]]:
    """Yield a row for each criterion that is a number to reach."""
    # all of them together are to be shown with the planned power, and each hangs on images of its own
    power = POWER ** (1 / max(len(criteria.wanted()), 1))
    for name, wanted in criteria.wanted().items():
        if name == "auc":
            row = answered(name, wanted, here.images.auc.auc, *interval(here.images.auc))
            yield row | _more_of_both(here.images, row, power)
        elif here.called is None:
            yield {"criterion": name, "wanted": wanted, "answer": CANNOT_TELL}
        elif name in ("sensitivity", "specificity"):
            hits, owners = hits_of(name, here.images, here.called)
            row = answered(name, wanted, float(hits.mean()), *shares.interval(hits, owners))
            yield row | _more_for_share(name, hits, owners, row, power)
        else:
            row = answered(name, wanted, *_yield(name, here.images, here.called, criteria))
            yield row | _more_of_both(here.images, row, power)


def _yield(name: str, images: Images, called: Called, criteria: Criteria) -> Limits:
    """Return the precision, or the alerts of a day, with its limits."""
    if name == ALERTS:
        return yields.alerts(images, called, float(criteria.prevalence or 0), float(criteria.per_day or 0))
    return yields.precision(images, called, float(criteria.prevalence or 0))


def answered(criterion: str, wanted: float, value: float, low: float, high: float) -> dict[str, Any]:
    """Return a criterion's row; what is wanted is a minimum, of alerts a maximum."""
    if math.isnan(value):  # nobody is called, so no share of alerts is right
        return {"criterion": criterion, "wanted": wanted, "answer": CANNOT_TELL}
    is_met, is_missed = (high <= wanted, low > wanted) if criterion == ALERTS else (low >= wanted, high < wanted)
    answer = MET if is_met else NOT_MET if is_missed else CANNOT_TELL
    measured = {"value": value, "value_low": low, "value_high": high}
    return {"criterion": criterion, "wanted": wanted, "answer": answer} | measured


def together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the row of all criteria."""
    answers = {row["answer"] for row in rows}
    answer = NOT_MET if NOT_MET in answers else CANNOT_TELL if CANNOT_TELL in answers else MET
    return {"criterion": ALL, "answer": answer}


def _more_for_share(
    name: str, hits: NDArray, owners: NDArray, row: Mapping[str, Any], power: float
) -> dict[str, Any]:  # fmt: skip
    """Say how many more patients of the class show what was measured, where the interval leaves it open."""
    share, wanted, patients = row["value"], row["wanted"], len(np.unique(owners))
    needed = images_to_show(share, wanted, power=power)
    if row["answer"] != CANNOT_TELL or needed is None:
        return {}
    each = shares.worth(hits, owners) / patients
    column = "more_positives" if name == "sensitivity" else "more_negatives"
    return {"would_be": MET if share > wanted else NOT_MET, column: max(math.ceil(needed / each) - patients, 1)}


def _more_of_both(here: Images, row: Mapping[str, Any], power: float) -> dict[str, Any]:
    """Say the same of a number that hangs on both classes; these grow alike, and its standard error with their root.

    A precision is compared on the scale of its log-odds, and alerts on that of their logarithm, where intervals are
    nearly symmetric.
    """
    if row["answer"] != CANNOT_TELL or "value" not in row:
        return {}
    scale = _SCALES.get(row["criterion"], float)
    value, wanted, low, high = (float(scale(row[name])) for name in ("value", "wanted", "value_low", "value_high"))
    apart = value - wanted
    reach = value - low if apart > 0 else high - value
    if abs(apart) < _ROUNDING or not math.isfinite(apart) or not math.isfinite(reach):
        return {}
    errors = float(ndtri((1 + LEVEL) / 2))
    factor = ((errors + float(ndtri(power))) / errors * reach / apart) ** 2 - 1
    patients = [len(np.unique(here.patients[rows])) for rows in (here.positive, ~here.positive)]
    more = [max(math.ceil(factor * count), 1) for count in patients]
    is_met = (apart > 0) != (row["criterion"] == ALERTS)
    return {"would_be": MET if is_met else NOT_MET, "more_positives": more[0], "more_negatives": more[1]}
