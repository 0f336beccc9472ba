"""Streams of a data set's months, and their control charts: when there is an alarm, and what moved.

A stream has a value for each image. Scores and features of the acquisition are watched by their place among the images
of the baseline (normal scores), so that no outlier and no skew makes an alarm; what tables and sentences say is in the
stream's own unit. Limits are such that while nothing changes, the probability of any alarm at the data set, of any
stream in any watched month and to either side, is at most what the study states (Bonferroni's inequality).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from crossray.analysis.cusum import first_alarm, limit_for, surprises

SCORE, PREVALENCE, REFUSALS, ACQUISITION = "score", "prevalence", "refusals", "acquisition"
KINDS = (SCORE, PREVALENCE, REFUSALS, ACQUISITION)
#: what moved
IMAGES, PATIENTS, REFUSED = "images", "patients or unseen images", "refusals"
#: standard deviation of an image's angle; and that of normal scores at least, so that what never varied can move
_OF_ANGLES, _LEAST = 0.5, 0.5


@dataclass(frozen=True)
class Period:
    """Months that are watched as one: a month, and the next ones as long as there are too few patients.

    Attributes:
        first: its first month.
        last: its last month.
        here: which images it has, shape (images,).
        patients: their number.
    """

    first: int
    last: int
    here: NDArray[np.bool_]
    patients: int


@dataclass(frozen=True)
class Stream:
    """A value of each image.

    Attributes:
        words: what it is, in words.
        kind: one of :data:`KINDS`.
        numbers: in its own unit, NaN where an image has none, shape (images,).
        model: whose it is, if it is a model's.
        source: what that was trained on.
        task: the finding, if it is of one.
    """

    words: str
    kind: str
    numbers: NDArray[np.float64]
    model: str | None = None
    source: str | None = None
    task: str | None = None

    @property
    def key(self) -> dict[str, str | None]:
        """Return the columns that name it in a table."""
        names = {"model": self.model, "source": self.source, "task": self.task}
        return {"stream": self.words, "kind": self.kind} | names

    def means(self, periods: Sequence[Period]) -> NDArray[np.float64]:
        """Return the mean of each period in the stream's own unit, shape (periods,)."""
        return _means(self.numbers, periods)

    def watched(self, periods: Sequence[Period], baseline: int) -> tuple[NDArray[np.float64], float]:
        """Return what a chart is of, one number a period, and the standard deviation of a patient that is sure.

        Shares of refused images are Anscombe's (1948) angles, whose variance is known; probabilities are themselves.
        """
        if self.kind == REFUSALS:
            counts = np.array([np.nansum(self.numbers[period.here]) for period in periods])
            images = np.array([np.isfinite(self.numbers[period.here]).sum() for period in periods])
            return np.arcsin(np.sqrt((counts + 0.375) / (images + 0.75))), _OF_ANGLES
        if self.kind == PREVALENCE:
            return self.means(periods), 0.0
        usual = np.logical_or.reduce([period.here for period in periods[:baseline]])
        return _means(normal_scores(self.numbers, usual), periods), _LEAST

    def spread(self, periods: Sequence[Period], baseline: int) -> float:
        """Return the standard deviation of the baseline's images."""
        usual = np.logical_or.reduce([period.here for period in periods[:baseline]])
        return float(np.nanstd(self.numbers[usual]))


def _means(values: NDArray, periods: Sequence[Period]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    return np.array([filled[period.here].sum() / known[period.here].sum() for period in periods])


def normal_scores(values: NDArray, usual: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the place of each value among the usual ones, as a normal variable.

    Args:
        values: shape (images,); NaN stays NaN.
        usual: which are usual.

    Returns:
        Equal values have the middle of their places.
    """
    known = np.sort(values[usual & ~np.isnan(values)])
    below, upto = np.searchsorted(known, values, "left"), np.searchsorted(known, values, "right")
    found = norm.ppf(((below + upto) / 2 + 0.5) / (len(known) + 1))
    return np.where(np.isnan(values), np.nan, found)


@dataclass(frozen=True)
class Charted:
    """A stream's chart.

    Attributes:
        stream: what it is of.
        means: of periods, in its own unit.
        scores: of :func:`surprises`, shape (periods,).
        alarm: period of the alarm, that in which its sum began, and direction; None without one.
    """

    stream: Stream
    means: NDArray
    scores: NDArray
    alarm: tuple[int, int, int] | None


@dataclass(frozen=True)
class Rule:
    """When there is an alarm.

    Attributes:
        baseline: periods that charts learn from.
        false_alarms: probability of any alarm at a data set while nothing changes.
        tolerance: what an AUC has to be known by, to say whether an alarm matters.
    """

    baseline: int
    false_alarms: float
    tolerance: float


def chart(streams: Sequence[Stream], periods: Sequence[Period], rule: Rule) -> tuple[list[Charted], float]:
    """Chart the streams of a data set.

    Args:
        streams: those that can be charted.
        periods: of the data set; more than the baseline.
        rule: when there is an alarm.

    Returns:
        A chart of each stream that varies, and the limit of all.
    """
    sizes = np.array([period.patients for period in periods], float)
    moving = [stream for stream in streams if _varies(stream, periods)]
    limit = limit_for(len(periods) - rule.baseline, rule.false_alarms / (2 * max(len(moving), 1)))
    charted = []
    for stream in moving:
        values, least = stream.watched(periods, rule.baseline)
        scores = surprises(values, sizes, least)
        found = first_alarm(scores[rule.baseline :], limit)
        alarm = None if found is None else (found[0] + rule.baseline, found[1] + rule.baseline, found[2])
        charted.append(Charted(stream, stream.means(periods), scores, alarm))
    return charted, limit


def _varies(stream: Stream, periods: Sequence[Period]) -> bool:
    """Return whether a stream has a value in every period, and not the same in all; refusals may begin at any time."""
    parts = [stream.numbers[period.here] for period in periods]
    if not all(np.isfinite(part).any() for part in parts):
        return False
    return stream.kind == REFUSALS or len(np.unique(np.concatenate(parts)[~np.isnan(np.concatenate(parts))])) > 1


def cause_of(kind: str, kinds: set[str]) -> str:
    """Return what moved, by the kind of a stream and the kinds of all streams with an alarm.

    Where images are acquired otherwise, outputs move with them: images are the first suspect. Where outputs move alone,
    patients are others, or images are in a way that no feature describes.
    """
    if kind == REFUSALS:
        return REFUSED
    return IMAGES if ACQUISITION in kinds else PATIENTS
