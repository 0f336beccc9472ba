"""What of a data set is watched month by month: outputs of models, refusals, and how images were acquired.

A stream has a value for each image. Scores and features of the acquisition are watched by their place among the images
of the baseline (normal scores), so that no outlier and no skew makes an alarm; what tables and sentences say is in the
stream's own unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from crossray import manifest
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.study.names import ELSEWHERE

SCORE, PREVALENCE, REFUSALS, ACQUISITION = "score", "prevalence", "refusals", "acquisition"
KINDS = (SCORE, PREVALENCE, REFUSALS, ACQUISITION)
#: what columns of descriptions begin with (``describe_images.py``)
_ACQUIRED = "acquisition "
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
        task: the finding, if it is of one.
    """

    words: str
    kind: str
    numbers: NDArray[np.float64]
    model: ModelKey | None = None
    task: str | None = None

    @property
    def key(self) -> dict[str, str | None]:
        """Return the columns that name it in a table."""
        model, source = (self.model.model, self.model.source) if self.model else (None, None)
        return {"stream": self.words, "kind": self.kind, "model": model, "source": source, "task": self.task}

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
    return np.array([np.nanmean(values[period.here]) for period in periods])


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


def periods_of(labels: pd.DataFrame, least: int) -> list[Period]:
    """Return the periods of a data set: months in their order, those of too few patients with the next ones.

    Args:
        labels: rows of the manifest.
        least: patients of a period; a rest at the end is part of the last period.
    """
    if manifest.MONTHS not in labels:
        return []
    months, patients = labels[manifest.MONTHS].to_numpy(float), labels["patient_id"].to_numpy(dtype=str)
    found: list[Period] = []
    first: int | None = None
    for month in sorted({int(month) for month in months[~np.isnan(months)]}):
        first = month if first is None else first
        period = _period(months, patients, first, month)
        if period.patients >= least:
            found.append(period)
            first = None
    if first is not None and found:
        found[-1] = _period(months, patients, found[-1].first, int(np.nanmax(months)))
    return found


def _period(months: NDArray, patients: NDArray, first: int, last: int) -> Period:
    here = (months >= first) & (months <= last)
    return Period(first, last, here, len(set(patients[here])))


def of_models(
    scored: ScoredSplit, models: Sequence[str], tasks: Sequence[str], external: Mapping[str, object],
    calibrations: Mapping[tuple[ModelKey, str], NDArray],
) -> Iterator[Stream]:  # fmt: skip
    """Yield the streams of outputs: scores, the prevalence that they imply, and refusals of external models.

    Args:
        scored: a data set's test images.
        models: whose outputs are watched.
        tasks: the study's.
        external: external models.
        calibrations: (model, task) -> intercept and slope of its logits at home, where these are known.
    """
    for trained in scored.logits:
        if trained.model not in models or trained in scored.missing:
            continue
        name = trained.model if trained.source == ELSEWHERE else f"{trained.model} of {trained.source}"
        outputs = scored.reported(trained)
        for task in [task for task in tasks if task in outputs]:
            values = outputs[task].to_numpy(float)
            yield Stream(f"score of {task} by {name}", SCORE, values, trained, task)
            if (trained, task) in calibrations:
                intercept, slope = calibrations[trained, task]
                implied = expit(intercept + slope * values)
                yield Stream(f"prevalence of {task} implied by {name}", PREVALENCE, implied, trained, task)
        if trained.model in external:
            refused = outputs[[task for task in tasks if task in outputs]].isna().all(axis=1)
            yield Stream(f"refusals of {name}", REFUSALS, refused.to_numpy(float), trained)


def of_images(labels: pd.DataFrame, descriptions: pd.DataFrame) -> Iterator[Stream]:
    """Yield the streams of how images were acquired.

    Args:
        labels: rows of the manifest by image_id.
        descriptions: table of ``describe_images.py``; images that it lacks have no value.
    """
    table = descriptions.set_index("image_id").reindex(labels.index)
    for column in table.filter(like=_ACQUIRED):
        name = str(column).removeprefix(_ACQUIRED)
        yield Stream(f"{name} of images", ACQUISITION, table[column].to_numpy(float))
