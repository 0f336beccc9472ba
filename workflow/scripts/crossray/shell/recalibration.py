"""What a model's logits mean at a data set of its study: recalibrated probabilities (Platt 1999)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crossray import predictions
from crossray.files import read_parquet
from crossray.study import folders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crossray.shell.trained import Trained

#: images of each kind below which a recalibration says too little
FEWEST = 10

#: task to intercept and slope
Lines = Mapping[str, tuple[float, float]]


def recalibrations(trained: "Trained", datasets: Sequence[str], tasks: Sequence[str]) -> dict[str, Lines]:
    """Fit intercept and slope of a model's logits on validation images, which no result of the study is judged on.

    Args:
        trained: a model in the results of a study.
        datasets: of its source; they are fitted together, under the name of the source.
        tasks: findings.

    Returns:
        By source, and by each other data set that the model was applied to: those tasks that have at least
        :data:`FEWEST` positives and negatives there, and whose logits rank at least as well as chance.
    """
    model, source, seed = trained.key
    place = folders.PREDICTION.format(model=model, source=source, seed=seed, split="validation", target="*")
    applied = {path.stem for path in (trained.study / "predictions").glob(place)}
    groups = {source: tuple(datasets), **{name: (name,) for name in sorted(applied - {source, *datasets})}}
    return {
        name: lines
        for name, members in groups.items()
        if applied.issuperset(members) and (lines := _fitted(trained, members, tasks))
    }


def _fitted(trained: "Trained", members: Sequence[str], tasks: Sequence[str]) -> Lines:
    """Return the lines of data sets taken together."""
    import numpy as np

    from crossray.learning.adaptation import calibration_lines

    labels, logits = zip(*(_validation(trained, name, tasks) for name in members), strict=True)
    scores = np.concatenate(logits)
    truth = np.where(np.isnan(scores), np.nan, np.concatenate(labels))
    enough = np.minimum((truth == 1).sum(axis=0), (truth == 0).sum(axis=0)) >= FEWEST
    return {
        task: (float(intercept), float(slope))
        for task, (intercept, slope), many in zip(tasks, calibration_lines(truth, scores), enough, strict=True)
        if many and slope > 0
    }


def _validation(trained: "Trained", dataset: str, tasks: Sequence[str]) -> "tuple[NDArray, NDArray]":
    """Return labels and logits of a data set's validation images, each of shape (images, tasks)."""
    model, source, seed = trained.key
    place = folders.PREDICTION.format(model=model, source=source, seed=seed, split="validation", target=dataset)
    scores = predictions.read(trained.study / "predictions" / place).table
    labels = read_parquet(trained.study / "manifests" / folders.MANIFEST.format(dataset=dataset), ["image_id"])
    return (
        labels.set_index("image_id").reindex(index=scores.index, columns=list(tasks)).to_numpy(float),
        scores.reindex(columns=list(tasks)).to_numpy(float),
    )
