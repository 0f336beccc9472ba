"""Means of AUCs, and differences of means, with limits recovered from those of the single AUCs.

MOVER (Zou and Donner, Statistics in Medicine 2008): the limit of a sum follows from the AUCs' own limits, each on its
side, and their correlation. The correlation is taken from the bootstrap resamples of patients, whose own percentiles
are too narrow if few patients have a finding. ``docs/calibration.md`` shows how often these cover.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mean:
    """An AUC, a mean of AUCs, or a difference of such means.

    Attributes:
        value: the number.
        below: how far it lies above its lower limit, spread over the resamples of patients: an array of shape
            (resamples,) whose standard deviation is that distance.
        above: the same of the upper limit.
        alone: squares of the distances below and above of what no resample moves, and so nothing else moves with.
        least: the smallest number that it can be, 0 or -1.
    """

    value: float
    below: NDArray[np.float64]
    above: NDArray[np.float64]
    alone: tuple[float, float] = (0.0, 0.0)
    least: float = 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit."""
        below, above = (
            math.sqrt(float(np.var(spread)) + alone)
            for spread, alone in zip((self.below, self.above), self.alone, strict=True)
        )
        return max(self.value - below, self.least), min(self.value + above, 1.0)

    def with_interval(self, name: str) -> dict[str, float]:
        """Return the columns ``name``, ``name_low`` and ``name_high``."""
        low, high = self.interval
        return {name: self.value, f"{name}_low": low, f"{name}_high": high}

    def __sub__(self, other: "Mean") -> "Mean":
        """Return the difference: its lower limit is where this one is low and the other high."""
        alone = self.alone[0] + other.alone[1], self.alone[1] + other.alone[0]
        return Mean(self.value - other.value, self.below - other.above, self.above - other.below, alone, -1.0)


def single(auc: float, low: float, high: float, drawn: NDArray) -> Mean:
    """Return an AUC with its own limits.

    Args:
        auc: the AUC.
        low: its lower limit.
        high: its upper limit.
        drawn: the AUC in each resample of patients, NaN where a class was not drawn, shape (resamples,).
    """
    known = ~np.isnan(drawn)
    spread = float(drawn[known].std()) if known.any() else 0.0
    if spread == 0:
        nothing = np.zeros(len(drawn))
        return Mean(auc, nothing, nothing, ((auc - low) ** 2, (high - auc) ** 2))
    moved = np.where(known, drawn - drawn[known].mean(), 0.0)
    moved /= moved.std()
    return Mean(auc, (auc - low) * moved, (high - auc) * moved)


def mean_of(parts: Sequence[Mean]) -> Mean:
    """Average, each part weighing the same."""
    return Mean(
        math.fsum(part.value for part in parts) / len(parts),
        np.mean([part.below for part in parts], axis=0),
        np.mean([part.above for part in parts], axis=0),
        (_of_squares([part.alone[0] for part in parts]), _of_squares([part.alone[1] for part in parts])),
        parts[0].least,
    )


def _of_squares(squares: Sequence[float]) -> float:
    """Return the square of the error of a mean of parts that do not vary together."""
    return math.fsum(squares) / len(squares) ** 2
