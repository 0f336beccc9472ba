"""The terms of a drop: prevalence, case mix, images (harder familiar ones, new ones), and labels on shared images.

Performance is measured under six weightings that lead from the source to the target: the source; re-weighted to the
target's prevalence; to its severities; to the shared distribution; the target's images in the shared distribution; the
target. The steps between them add up to the drop exactly (Cai, Namkoong and Yadlowsky, arXiv 2303.02011, with patients
put first). What images that are labelled by one rule still differ by after weighting is taken from the labels' term and
given to the images, by what the source's rule makes of each image (a doubly robust difference; Robins, Rotnitzky and
Zhao 1994). A positive term makes performance worse. The AUC is taken under each weighting as a whole: it is linear in
pairs of images, not in images, so it has steps but no parts of single images.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossray.analysis.resampling import weighted_ranking

LOG_LOSS, AUC = "log-loss", "AUC"
METRICS = (LOG_LOSS, AUC)
#: the causes between which a verdict decides
CAUSES = ("prevalence", "case_mix", "image", "concept")


@dataclass(frozen=True)
class Side:
    """One side's labelled images as terms see them.

    Attributes:
        labels: 0 or 1, shape (cases,).
        logits: of the model as used, calibrated at its source, shape (cases,).
    """

    labels: NDArray
    logits: NDArray

    def losses(self) -> NDArray[np.float64]:
        """Return each image's log-loss, in nats."""
        return log_losses(self.logits, self.labels)

    def measured(self, weights: NDArray) -> dict[str, NDArray]:
        """Return the loss under each row of weights: mean log-loss, and 1 - AUC."""
        worst = 1 - weighted_ranking(self.labels, self.logits, weights)[0]
        return {LOG_LOSS: weights @ self.losses() / weights.sum(axis=1), AUC: worst}


def log_losses(logits: NDArray, labels: NDArray) -> NDArray[np.float64]:
    """Return the log-loss of each case, in nats; labels may be shares from 0 to 1."""
    return np.logaddexp(0, logits) - labels * logits


@dataclass(frozen=True)
class Weightings:
    """The weights of the six steps, shape (draws, cases) each."""

    source: NDArray
    source_at_prevalence: NDArray
    source_at_severity: NDArray
    source_shared: NDArray
    target_shared: NDArray
    target: NDArray


def decompose(
    source: Side, target: Side, weights: Weightings, shares: tuple[NDArray, NDArray]
) -> dict[str, Mapping[str, NDArray]]:
    """Return metric -> term -> values of each draw: drop, prevalence, case_mix, familiar, new, image, concept.

    ``familiar`` are images that the source has too, but fewer of; ``new`` are those that it hardly has; ``image`` is
    their sum. The AUC does not see prevalence, whose term is 0.

    Args:
        source: labels and logits.
        target: the same.
        weights: of the steps.
        shares: probability that the source's readers call each image positive, shape (draws, cases) each.
    """
    steps = weights.source, weights.source_at_prevalence, weights.source_at_severity, weights.source_shared
    at_source = [source.measured(part) for part in steps]
    at_target = [target.measured(part) for part in (weights.target_shared, weights.target)]
    foreseen = (
        expected(source.logits, shares[0], weights.source_shared),
        expected(target.logits, shares[1], weights.target_shared),
    )
    found: dict[str, Mapping[str, NDArray]] = {}
    for metric in METRICS:
        home, prevalent, severe, shared = (part[metric] for part in at_source)
        shared_there, away = (part[metric] for part in at_target)
        unlike = foreseen[1][metric] - foreseen[0][metric]
        familiar, new = shared - severe + unlike, away - shared_there
        found[metric] = {
            "drop": away - home,
            "prevalence": prevalent - home,
            "case_mix": severe - prevalent,
            "familiar": familiar,
            "new": new,
            "image": familiar + new,
            "concept": shared_there - shared - unlike,
        }
    return found


def expected(used: NDArray, shares: NDArray, weights: NDArray) -> dict[str, NDArray]:
    """Return the expected log-loss and 1 - AUC of labels that are known by their probability.

    Args:
        used: logits of the model as it is used, shape (cases,).
        shares: probability that each case is positive, shape (draws, cases).
        weights: shape (draws, cases).

    Returns:
        Metric -> values of shape (draws,).
    """
    loss = (weights * log_losses(used, shares)).sum(axis=1) / weights.sum(axis=1)
    labels, scores = np.repeat([1, 0], len(used)), np.r_[used, used]
    both = np.concatenate([weights * shares, weights * (1 - shares)], axis=1)
    return {LOG_LOSS: loss, AUC: 1 - weighted_ranking(labels, scores, both)[0]}
