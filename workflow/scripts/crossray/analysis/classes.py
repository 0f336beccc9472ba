"""Exclusive classes: accuracy, F1 and the confusion matrix."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crossray import reasons
from crossray.analysis import shares
from crossray.analysis.cells import ModelKey, ScoredSplit, Study
from crossray.analysis.performance import values_of
from crossray.analysis.resampling import with_interval
from crossray.analysis.values import Value, mean_of
from crossray.tables import MEAN_OF_TRAININGS, of_rows, reported
from crossray.tables.classes import Classes, Confusion

KEYS = list(Classes.KEY)


#: the right class is among so many surest ones
_TOP = 5


def measure(study: Study, performance: pd.DataFrame, replicates: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every model on every target.

    Only images count whose class the model learnt: it cannot name another one. What it takes the others for is in the
    second table.

    Args:
        study: one of classes.
        performance: ``performance.csv``, the AUC of each class against the rest.
        replicates: the bootstrap replicates behind it.

    Returns:
        Tables of :class:`Classes`, one row per model, source, target and seed, and of :class:`Confusion`, one row per
        pair of
        classes of what a report shows.
    """
    one_against_rest = _mean_aucs(performance, replicates)
    rows: list[dict[str, Any]] = []
    confusions: list[dict[str, Any]] = []
    for scored in study.targets():
        truth = true_classes(scored.labels, study.settings.tasks)
        weights = scored.weights(study.settings.evaluation)
        for trained, seeds in scored.logits.items():
            for seed, logits in seeds.items():
                keys = scored.key(trained) | {"seed": seed}
                shown = seed == scored.reported_seed(trained)
                row = _counts(scored, trained, seed, truth)
                if row["reason"] is None:
                    row |= _measures(scored, truth, logits, weights if shown else weights[:0])
                    row |= one_against_rest.get(tuple(keys.values()), {})
                rows.append(keys | row)
                if shown:
                    confusions += _confusion(scored, trained, truth, logits, study.settings.tasks)
    return (
        of_rows(rows, Classes).astype(dict.fromkeys(("classes", "images", "patients"), int)),
        of_rows(confusions, Confusion),
    )


def true_classes(labels: pd.DataFrame, classes: Sequence[str]) -> NDArray[np.object_]:
    """Return the name of each image's class, None where it is not known or none of ``classes``."""
    table = labels.reindex(columns=list(classes)) == 1
    names = np.array([*classes, None], dtype=object)
    return names[np.where(table.any(axis=1), table.to_numpy().argmax(axis=1), len(classes))]


def _counts(scored: ScoredSplit, trained: ModelKey, seed: str, truth: NDArray) -> dict[str, Any]:
    """Count the images of a row, and give the reason if it has no number."""
    labelled = np.array([name is not None for name in truth], bool)
    usable = labelled & np.isin(truth, list(scored.logits[trained][seed]))
    row: dict[str, Any] = {
        "classes": len(set(truth[usable])),
        "images": int(usable.sum()),
        "patients": len(np.unique(scored.patients[usable])),
        "other_images": int((labelled & ~usable).sum()),
    }
    return row | {
        "reason": reasons.why_not(
            labelled=bool(labelled.any()),
            diverged=bool(scored.diverged[trained, seed]),
            trained=bool(usable.any()),
            overlap=trained in scored.refused,
            enough=row["patients"] >= scored.minimum,
        )
    }


def _measures(scored: ScoredSplit, truth: NDArray, logits: pd.DataFrame, weights: NDArray) -> dict[str, Any]:
    """Measure the images of classes that the model learnt, and resample their patients."""
    classes = list(logits)
    usable = np.isin(truth, classes)
    right = pd.Index(classes).get_indexer(truth[usable])
    scores = logits.to_numpy()[usable]
    called = scores.argmax(axis=1)
    counts = confusion_counts(right, called, len(classes), weights[:, usable])
    row: dict[str, Any] = {"majority": np.bincount(right).max() / len(right)}
    hits = {"accuracy": called == right}
    if len(classes) > _TOP:
        better = (scores > scores[np.arange(len(right)), right][:, None]).sum(axis=1)
        hits["top5_accuracy"] = better < _TOP
    for name, hit in hits.items():
        row |= _share(name, hit, scored.patients[usable]) if len(weights) else {name: float(hit.mean())}
    row |= {f"micro_f1{end}": row.get(f"accuracy{end}") for end in ("", "_low", "_high")}
    f1 = macro_f1(counts)
    return row | with_interval("macro_f1", f1[0], f1[1:])


def confusion_counts(right: NDArray, called: NDArray, classes: int, weights: NDArray) -> NDArray[np.float64]:
    """Count images by true and predicted class.

    Args:
        right: number of the true class of each image.
        called: number of the predicted class.
        classes: how many there are.
        weights: counts of each image in each resample, shape (resamples, images).

    Returns:
        Shape (1 + resamples, classes, classes): of all images, and of each resample; true classes down.
    """
    pairs = right * classes + called
    rows = [np.bincount(pairs, row.astype(np.float64), classes**2) for row in (np.ones(len(pairs)), *weights)]
    return np.array(rows, np.float64).reshape(-1, classes, classes)


def macro_f1(counts: NDArray) -> NDArray[np.float64]:
    """Mean F1 over the classes that occur, shape (...,), of confusions (..., classes, classes), true classes down."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    true, called = counts.sum(axis=-1), counts.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(true > 0, 2 * hits / (true + called), np.nan)
        return np.nansum(each, axis=-1) / (true > 0).sum(axis=-1)


def _share(name: str, hits: NDArray[np.bool_], patients: NDArray) -> dict[str, float]:
    """Return the share of hits with its interval, as columns."""
    low, high = shares.interval(hits, patients)
    return {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}


def _mean_aucs(performance: pd.DataFrame, replicates: pd.DataFrame) -> Mapping[tuple, dict[str, float]]:
    """Return (model, source, target, seed) -> mean AUC of the classes against the rest, with limits where shown.

    As what a class is named is the ensemble's answer where there is one, so is the AUC beside it.
    """
    performance, replicates = (table[table["seed"] != MEAN_OF_TRAININGS] for table in (performance, replicates))
    parts: dict[tuple[str, str, str], list[Value]] = {}
    for cell, mean in values_of(performance, replicates).items():
        parts.setdefault(cell[:3], []).append(mean)
    shown = set(map(tuple, reported(performance)[KEYS].to_numpy()))
    means: dict[tuple, dict[str, float]] = {}
    for key, values in performance.dropna(subset="auc").groupby(KEYS)["auc"]:
        means[key] = {"auc": float(values.mean())}
        if key in shown:
            means[key] |= mean_of(parts[key[:3]]).with_interval("auc")
    return means


def _confusion(
    scored: ScoredSplit,
    trained: ModelKey,
    truth: NDArray,
    logits: pd.DataFrame,
    classes: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Yield a row for each true and predicted class, including classes that the model was not trained on."""
    if scored.diverged[trained, scored.reported_seed(trained)]:
        for name, other in itertools.product(classes, classes):
            names = scored.key(trained)
            yield names | {"true_class": name, "predicted_class": other, "reason": reasons.DIVERGED}
        return
    here = np.array([name is not None for name in truth], bool)
    called = np.array(list(logits), dtype=object)[logits.to_numpy()[here].argmax(axis=1)]
    right, given = (pd.Index(classes).get_indexer(names) for names in (truth[here], called))
    patients = scored.patients[here]
    keys = scored.key(trained)
    for row, name in enumerate(classes):
        of_class = right == row
        reason = _why_no_row(scored, trained, name, int(of_class.sum()))
        for column, other in enumerate(classes):
            names = keys | {"true_class": name, "predicted_class": other}
            if reason or other not in logits:
                yield names | {"reason": reason or reasons.NOT_TRAINED}
                continue
            hits = given[of_class] == column
            yield names | {"images": int(hits.sum())} | _share("share", hits, patients[of_class])


def _why_no_row(scored: ScoredSplit, trained: ModelKey, name: str, images: int) -> str | None:
    """Return why there is no number for a target's images of a class."""
    return reasons.why_not(labelled=name in scored.labels, overlap=trained in scored.refused, enough=images > 0)
