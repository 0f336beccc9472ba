"""Reserved words of sources, objectives and colours in configurations."""

from collections.abc import Mapping, Sequence
from typing import Final

from crossray.errors import UserError

#: the source that pools all data sets, and how the sources that leave one out begin
ALL, ALL_BUT = "all", "all-but-"

#: the reader of what a site sends in place of its images
BUNDLE: Final = "bundle"

#: objectives: findings that are there or not, each by itself; one finding; classes of which an image has one
MULTILABEL: Final = "multilabel"
BINARY: Final = "binary"
MULTICLASS: Final = "multiclass"

#: the source of models that were trained elsewhere, on data for which no data set of the study stands
ELSEWHERE: Final = "elsewhere"

#: what a model's outputs are: log-odds, a probability, a score that only ranks, or yes and no
LOGIT: Final = "logit"
PROBABILITY: Final = "probability"
SCORE: Final = "score"
BINARY_ANSWER: Final = "binary"

#: what a row of predictions is about -> the column that names it
UNITS: Final = {"image": "image_id", "study": "study_id", "patient": "patient_id"}

#: setting ``images.colour`` -> channels of a pixel
CHANNELS = {"grey": 1, "rgb": 3}

#: columns that stand beside those of the tasks in one table or another, and what stands for several tasks
NOT_TASKS = frozenset({
    "image_id", "patient_id", "study_id", "path", "view", "sex", "age", "split", "file", "row", "dataset", "correction",
    "way", "images", "draw", "findings", "mean of tasks", "all tasks",
})  # fmt: skip


def named(model: str, source: str) -> str:
    """Return a model's name, with what it was trained on if that is a data set of the study."""
    return model if source == ELSEWHERE else f"{model} of {source}"


def is_pooled(source: str) -> bool:
    """Return whether a source is several data sets: ``all``, or ``all-but-`` a data set."""
    return source == ALL or source.startswith(ALL_BUT)


def members(source: str, pool: Sequence[str], cohorts: Mapping[str, str]) -> list[str]:
    """Return the data sets that a source consists of.

    Args:
        source: a data set, ``all`` (the whole pool), or ``all-but-`` a data set: the pool without it, and without
            other readings of its images and others of its patients, as they are the same domain.
        pool: the data sets that pooled sources draw on.
        cohorts: data set -> whose patients it has.

    Raises:
        UserError: if nothing is left.
    """
    if not is_pooled(source):
        return [source]
    left_out = cohorts.get(source.removeprefix(ALL_BUT)) if source != ALL else None
    kept = [name for name in pool if cohorts[name] != left_out]
    if not kept:
        raise UserError(f"config: sources: {source!r} leaves no data set to train on; the pool is {', '.join(pool)}")
    return kept
