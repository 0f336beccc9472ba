"""F1 and Cohen's kappa of two who call the same images positive or not, with limits.

F1 is ``2J / (1 + J)``, where J is the share that both call among the images that at least one calls, so its limits
follow from those of a share (:mod:`crossray.analysis.shares`). At the rates at which the two call, kappa is a straight
line in F1. Percentiles of resamples would have width zero where the two agree in every sampled call, and cover two
times in three with a handful of calls.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossray.analysis import shares
from crossray.analysis.metrics import kappa_of_counts
from crossray.analysis.sums import Limits, with_limits

_UNKNOWN = (float("nan"),) * 3


def agreement_of(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], patients: NDArray) -> dict[str, Any]:
    """Return counts, F1 and kappa of two who call the same images, with 95% limits.

    Args:
        ours: which the first calls positive, shape (images,).
        theirs: which the second does.
        patients: whose each image is.
    """
    both, first, second = int((ours & theirs).sum()), int(ours.sum()), int(theirs.sum())
    row: dict[str, Any] = {"images": len(ours), "both": both, "first_only": first - both, "second_only": second - both}
    row["neither"] = len(ours) - first - second + both
    return row | with_limits("f1", f1(ours, theirs, patients)) | with_limits("kappa", kappa(ours, theirs, patients))


def f1(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], patients: NDArray) -> Limits:
    """Return F1 and its limits, 0 to 1; NaN where nobody calls an image. As :func:`agreement_of`."""
    either = ours | theirs
    if not either.any():
        return _UNKNOWN
    agreed = (ours & theirs)[either]
    shared = float(agreed.mean()), *shares.interval(agreed, patients[either])
    value, low, high = (2 * share / (1 + share) for share in shared)
    return value, low, high


def kappa(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], patients: NDArray) -> Limits:
    """Return kappa and its limits, -1 to 1; NaN where both say the same of all images. As :func:`agreement_of`."""
    rates = float(ours.mean()), float(theirs.mean())
    value = float(kappa_of_counts((ours & theirs).sum(), ours.sum(), theirs.sum(), np.asarray(len(ours))))
    if np.isnan(value):
        return _UNKNOWN
    if sum(rates) > 1:  # of the call that is made more rarely, whose F1 by chance is at most a half
        ours, theirs, rates = ~ours, ~theirs, (1 - rates[0], 1 - rates[1])
    by_chance = 2 * rates[0] * rates[1] / sum(rates)
    low, high = ((end - by_chance) / (1 - by_chance) for end in f1(ours, theirs, patients)[1:])
    return value, min(low, value), max(high, value)  # which rounding may put beside one another
