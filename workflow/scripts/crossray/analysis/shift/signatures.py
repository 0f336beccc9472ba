"""Additional evidence on causes: the target's own model, agreement in rank, and the effect of each correction."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from crossray.analysis.shift.logistic import refitted
from crossray.analysis.shift.prevalence import calibration
from crossray.analysis.shift.terms import log_losses
from crossray.statistics import auc

#: a smaller loss of AUC is not divided by
_LEAST_DROP = 0.02

COLUMNS = ["home_auc", "away_auc", "own_auc", "own_at_source_auc", "recovered", "agreement", "left_after_prevalence",
           "left_after_intercept", "left_after_slope"]  # fmt: skip


def readers(
    labels: tuple[NDArray, NDArray], scores: tuple[NDArray, NDArray], own: tuple[NDArray, NDArray] | None
) -> dict[str, float]:
    """Compare the source's model with the target's own.

    Args:
        labels: of the source's and of the target's test images.
        scores: of the source's model.
        own: scores of the target's model on the same images, if it has any for this task.

    Returns:
        AUCs; ``recovered``, the share of the lost AUC that the target's model does not lose, where at least 0.02 is
        lost; ``agreement``, Spearman's correlation of both on the target's images. Harder images cannot be read by the
        own model either, nor wrong labels predicted; another label rule leaves the ranks alone.
    """
    home, away = (auc(*pair) for pair in zip(labels, scores, strict=True))
    row = {"home_auc": home, "away_auc": away}
    if own is None:
        return row
    at_source, at_target = (auc(*pair) for pair in zip(labels, own, strict=True))
    row |= {"own_auc": at_target, "own_at_source_auc": at_source}
    if min(np.ptp(scores[1]), np.ptp(own[1])) > 0:
        row["agreement"] = float(spearmanr(scores[1], own[1]).statistic)
    if home - away > _LEAST_DROP:
        row["recovered"] = (at_target - away) / (home - away)
    return row


def corrections(labels: tuple[NDArray, NDArray], used: tuple[NDArray, NDArray], offset: float) -> Mapping[str, float]:
    """Return what is left of the lost log-loss after each correction of the target's logits.

    They are moved by the prevalence that the images imply; by the best constant; and by the best slope as well (Platt
    1999). The last two are fitted on these very images.

    Args:
        labels: of the source's and of the target's test images.
        used: logits of the source's model as it is used.
        offset: of the prevalence's log-odds.
    """
    home = float(log_losses(used[0], labels[0]).mean())
    ones = np.ones((1, len(labels[1])))
    constant = refitted(ones.T, labels[1], ones, np.array([1e-6]), used[1][None])[0, 0]
    intercept, slope = calibration(used[1], labels[1], ones)[0]
    corrected = {
        "left_after_prevalence": used[1] + offset,
        "left_after_intercept": used[1] + constant,
        "left_after_slope": intercept + slope * used[1],
    }
    return {name: float(log_losses(logits, labels[1]).mean()) - home for name, logits in corrected.items()}
