"""What of a data set is watched month by month: outputs of models, refusals, and how images were acquired."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from crossray import manifest
from crossray.analysis.cells import ModelKey, ScoredSplit
from crossray.analysis.watching import ACQUISITION, PREVALENCE, REFUSALS, SCORE, Period, Stream
from crossray.study.names import named

#: what columns of descriptions begin with (``describe_images.py``)
_ACQUIRED = "acquisition "


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
        name, of = named(trained.model, trained.source), (trained.model, trained.source)
        outputs = scored.reported(trained)
        for task in [task for task in tasks if task in outputs]:
            values = outputs[task].to_numpy(float)
            yield Stream(f"score of {task} by {name}", SCORE, values, *of, task)
            if (trained, task) in calibrations:
                intercept, slope = calibrations[trained, task]
                implied = expit(intercept + slope * values)
                yield Stream(f"prevalence of {task} implied by {name}", PREVALENCE, implied, *of, task)
        if trained.model in external:
            refused = outputs[[task for task in tasks if task in outputs]].isna().all(axis=1)
            yield Stream(f"refusals of {name}", REFUSALS, refused.to_numpy(float), *of)


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
