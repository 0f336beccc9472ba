"""What are so many local images worth? A model at a target, adapted in several ways, on images that no way saw.

Ways that the model's outputs are enough for (threshold, recalibration) are fitted here, on the images of a sample; the
others come as outputs for test images (``adapt_model.py``). A number is the mean over samples of one size; its interval
is for other patients and other samples.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from crossray import manifest
from crossray.analysis.advice import GOALS, advise
from crossray.analysis.cells import ModelKey, ScoredSplit, Study, check_rows, known
from crossray.analysis.home_calibration import home_calibration
from crossray.analysis.resampling import weighted_ranking, with_interval
from crossray.analysis.shift.logistic import refitted
from crossray.analysis.shift.terms import AUC, LOG_LOSS, log_losses
from crossray.analysis.thresholds import RULES, own_thresholds
from crossray.files import read_parquet
from crossray.reasons import TOO_FEW
from crossray.seeds import derived_seed
from crossray.study import folders
from crossray.study.ways import (
    AS_IT_IS,
    BALANCED,
    BATCH_NORM,
    INTERCEPT_DEVIATION,
    RECALIBRATION,
    SLOPE_DEVIATION,
    THRESHOLD,
)
from crossray.tables import MEAN_OF_TASKS, of_rows
from crossray.tables.adaptation import Adaptation, AdaptationAdvice

SENSITIVITY, SPECIFICITY = "sensitivity", "specificity"
METRICS = (AUC, LOG_LOSS, SENSITIVITY, SPECIFICITY, BALANCED)
#: the metrics that are better when smaller
_LOSSES = (LOG_LOSS,)
#: a recalibration turns no order round, even where a sample says so
_LEAST_SLOPE = 0.05
_PENALTY = 1 / np.array([INTERCEPT_DEVIATION, SLOPE_DEVIATION]) ** 2


@dataclass(frozen=True)
class Used:
    """A model as it is used: calibrated logits, and from which on an image is called positive."""

    logits: NDArray
    threshold: float


@dataclass(frozen=True)
class Local:
    """Images of a sample: labels (known), and the model's calibrated logits of them."""

    labels: NDArray
    logits: NDArray

    @property
    def limit(self) -> float:
        """The logit of the prevalence, from which on a calibrated model's calls have Youden's largest index."""
        return float(logit((self.labels.sum() + 0.5) / (len(self.labels) + 1)))

    def recalibrated(self, logits: NDArray) -> NDArray[np.float64]:
        """Move intercept and slope of logits by the sample, drawn towards where they are; their order stays."""
        if not len(self.labels):
            return logits
        each, design = np.ones((1, len(self.labels))), np.c_[np.ones(len(self.labels)), self.logits]
        intercept, change = refitted(design, self.labels, each, _PENALTY, self.logits[None])[0]
        slope = max(1 + change, _LEAST_SLOPE)
        if slope > 1 + change:
            intercept = refitted(design[:, :1], self.labels, each, _PENALTY[:1], slope * self.logits[None])[0, 0]
        return intercept + slope * logits


@dataclass(frozen=True)
class Curve:
    """A metric of a way with so many images.

    Attributes:
        points: of each draw, shape (draws,).
        replicates: mean over draws under resamples of patients and draws, the sample's own first, shape (1 + draws,).
    """

    points: NDArray
    replicates: NDArray

    @property
    def value(self) -> float:
        """The mean over draws."""
        return float(self.replicates[0])


Curves = Mapping[tuple[str, str, int], Curve]


def measure(
    study: Study, adapted: Path, pairs: Sequence[tuple[str, str]], ways: Sequence[str], shift: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every way with every number of images, and what would have been recommended.

    Args:
        study: the predictions; of its one model.
        adapted: folder of ``adapt_model.py``, ``{model}/{source}/{seed}/{target}.parquet`` below it.
        pairs: pairs of a source and a target.
        ways: what is done with local images.
        shift: ``shift.csv``, if the study has it.

    Returns:
        Tables of :class:`Adaptation` and :class:`AdaptationAdvice`.
    """
    verdicts: Mapping[tuple, str] = {}
    if shift is not None:
        told = shift[shift["verdict"].notna()]
        verdicts = told.set_index(["model", "source", "target", "task", "metric"])["verdict"].to_dict()
    rows: list[dict[str, Any]] = []
    advice: list[dict[str, Any]] = []
    for scored in study.targets():
        weights = scored.weights(study.settings.evaluation)
        for trained in study.trained():
            if (trained.source, scored.dataset) not in pairs:
                continue
            table = _adapted(study, adapted, trained, scored.dataset)
            several = []
            for task in study.settings.tasks:
                key = scored.key(trained) | {"task": task}
                reason = scored.count(trained, scored.reported_seed(trained), task)["reason"]
                if reason:
                    rows += _empty(key, reason)
                    continue
                place = _Place(study, scored, trained, task, table)
                curves = _curves(place, ways, weights)
                several.append(curves)
                rows += _rows(key, curves)
                advice += _advice(key, curves, place.fewest(), verdicts, shift is not None)
            if len(several) > 1:
                rows += _rows(scored.key(trained) | {"task": MEAN_OF_TASKS}, _mean(several))
    return of_rows(rows, Adaptation), of_rows(advice, AdaptationAdvice)


def _adapted(study: Study, adapted: Path, trained: ModelKey, target: str) -> pd.DataFrame:
    """Return the outputs of ``adapt_model.py``, the mean over seeds, by split, way, images, draw and image_id."""
    names = {"model": trained.model, "source": trained.source, "target": target}
    keys = ["split", "way", "images", "draw", "image_id"]
    parts: list[pd.DataFrame] = []
    for seed in study.settings.seeds:
        path = adapted / folders.ADAPTED.format(seed=seed, **names)
        table = read_parquet(path, keys).astype({"split": str, "way": str}).set_index(keys).astype(np.float64)
        if parts:
            check_rows(table, parts[0].index, str(path))
        parts.append(table)
    return sum(parts[1:], start=parts[0]) / len(parts)


class _Place:
    """A cell: a model at a target, for a task, and what local images make of it."""

    def __init__(self, study: Study, scored: ScoredSplit, trained: ModelKey, task: str, table: pd.DataFrame) -> None:
        self._fitted = home_calibration(study, trained, scored, task)
        grouped = table[task].groupby(level=["split", "way", "images", "draw"], sort=False)
        self._outputs = {key: logits.droplevel([0, 1, 2, 3]) for key, logits in grouped}
        found = own_thresholds(study, trained)[scored.reported_seed(trained), task]
        logits = scored.reported(trained)
        self.plain = Used(self._calibrated(logits[task].to_numpy()), float(self._calibrated(np.array(found))))
        self.labels, _, self.here = known(scored.labels, logits, task)
        self._images = scored.labels.index
        labels = manifest.read(study.manifests / folders.MANIFEST.format(dataset=scored.dataset))
        self._local = labels.set_index("image_id")[task]
        self.seed = derived_seed(study.settings.evaluation.seed, "draws of", *scored.key(trained).values())

    def _calibrated(self, logits: NDArray) -> NDArray[np.float64]:
        return self._fitted[0] + self._fitted[1] * logits

    def samples(self) -> Iterator[tuple[int, int]]:
        """Yield the sizes and draws of samples, all images last."""
        for split, way, images, draw in self._outputs:
            if (split, way) == ("local", AS_IT_IS):
                yield int(images), int(draw)

    def fewest(self) -> dict[int, float]:
        """Return number of images -> its images with or without the finding, whichever are fewer, mean over draws."""
        found: dict[int, list[int]] = {}
        for images, draw in self.samples():
            labels = self._sample(AS_IT_IS, images, draw).labels
            found.setdefault(images, []).append(int(min(labels.sum(), (1 - labels).sum())))
        return {images: float(np.mean(counts)) for images, counts in found.items()}

    def _sample(self, way: str, images: int, draw: int) -> Local:
        """Return the sample's images whose label is known, with what a way's network makes of them."""
        logits = self._outputs["local", way, images, draw]
        labels = self._local.loc[logits.index].to_numpy(float)
        given = ~np.isnan(labels)
        return Local(labels[given], self._calibrated(logits.to_numpy())[given])

    def used(self, way: str, images: int, draw: int) -> Used:
        """Return the model as it is used after a way."""
        local = self._sample(AS_IT_IS, images, draw)
        if way == THRESHOLD:
            found = RULES["youden"](local.labels, local.logits)
            return Used(self.plain.logits, self.plain.threshold if np.isnan(found) else found)
        if way == RECALIBRATION:
            return Used(local.recalibrated(self.plain.logits), local.limit)
        logits = self._outputs["test", way, images, draw]
        check_rows(logits, self._images, f"{way} with {images} images")
        if way == BATCH_NORM:
            seen = self._sample(BATCH_NORM, images, draw)
            return Used(seen.recalibrated(self._calibrated(logits.to_numpy())), seen.limit)
        return Used(logits.to_numpy(), local.limit)


def measured(labels: NDArray, used: Used, counts: NDArray) -> dict[str, NDArray]:
    """Return each metric under each row of counts; NaN where a logit is no number.

    Args:
        labels: 0 or 1, shape (images,).
        used: the model.
        counts: how often each image is there, shape (draws, images).
    """
    if np.isnan(used.logits).any():
        return dict.fromkeys(METRICS, np.full(len(counts), np.nan))
    positive, called = labels == 1, used.logits >= used.threshold
    with np.errstate(invalid="ignore", divide="ignore"):
        sensitivity = counts @ (called & positive) / (counts @ positive)
        specificity = counts @ (~called & ~positive) / (counts @ ~positive)
    return {
        AUC: weighted_ranking(labels, used.logits, counts)[0],
        LOG_LOSS: counts @ log_losses(used.logits, labels) / counts.sum(axis=1),
        SENSITIVITY: sensitivity, SPECIFICITY: specificity, BALANCED: (sensitivity + specificity) / 2,
    }  # fmt: skip


def _curves(place: _Place, ways: Sequence[str], weights: NDArray) -> dict[tuple[str, str, int], Curve]:
    """Measure all ways with all samples."""
    counts = np.concatenate([np.ones((1, int(place.here.sum())), weights.dtype), weights[:, place.here]])

    def of(used: Used) -> dict[str, NDArray]:
        return measured(place.labels, Used(used.logits[place.here], used.threshold), counts)

    found = {(metric, AS_IT_IS, 0): Curve(values[:1], values) for metric, values in of(place.plain).items()}
    drawn: dict[int, list[int]] = {}
    for images, draw in place.samples():
        drawn.setdefault(images, []).append(draw)
    for images, draws in drawn.items():
        chosen = _resampled(len(draws), len(weights), derived_seed(place.seed, str(images)))
        for way in ways:
            each = [of(place.used(way, images, draw)) for draw in draws]
            for metric in METRICS:
                found[metric, way, images] = _over_draws(np.stack([one[metric] for one in each]), chosen)
    return found


def _resampled(draws: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return the weight of each draw in each resample, shape (resamples, draws), whose rows add up to 1.

    Resampled draws vary too little by (draws - 1) / draws; weights are spread by as much.
    """
    if draws == 1:
        return np.ones((resamples, 1))
    counts = np.random.default_rng(seed).multinomial(draws, [1 / draws] * draws, resamples) / draws
    return 1 / draws + (counts - 1 / draws) * np.sqrt(draws / (draws - 1))


def _over_draws(values: NDArray, chosen: NDArray) -> Curve:
    """Average over draws; those without a number are left out."""
    usable = ~np.isnan(values[:, 0])
    if not usable.any():
        return Curve(np.array([]), np.full(values.shape[1], np.nan))
    kept, weights = values[usable], chosen[:, usable]
    weights = weights + (1 - weights.sum(axis=1, keepdims=True)) / usable.sum()
    apart = kept - kept[0]  # ways that no draw changes have no spread of rounding
    replicates = kept[0, 1:] + (weights * apart[:, 1:].T).sum(axis=1)
    return Curve(kept[:, 0], np.r_[kept[0, 0] + apart[:, 0].mean(), np.maximum(replicates, 0)])


def _mean(several: Sequence[Curves]) -> dict[tuple[str, str, int], Curve]:
    """Average over tasks; what a task has no number of is left out of all."""
    found = {}
    for key in several[0]:
        parts = [curves[key] for curves in several if key in curves]
        points = len(parts[0].points)
        if len(parts) == len(several) and all(len(part.points) == points > 0 for part in parts):
            found[key] = Curve(
                np.mean([part.points for part in parts], axis=0), np.mean([part.replicates for part in parts], axis=0)
            )
    return found


def _gain(metric: str, value: NDArray, plain: NDArray) -> NDArray:
    return plain - value if metric in _LOSSES else value - plain


def _rows(key: Mapping[str, str], curves: Curves) -> Iterator[dict[str, Any]]:
    for (metric, way, images), curve in curves.items():
        row = {**key, "metric": metric, "way": way, "local_images": images, "draws": len(curve.points)}
        if not len(curve.points):
            yield row | {"reason": TOO_FEW}
            continue
        plain = curves[metric, AS_IT_IS, 0].replicates
        gained = _gain(metric, curve.replicates, plain)
        row |= with_interval("value", curve.value, curve.replicates[1:])
        if way != AS_IT_IS:
            row |= with_interval("gain", float(gained[0]), gained[1:])
        yield row | ({"draws_sd": float(curve.points.std(ddof=1))} if len(curve.points) > 1 else {})


def _empty(key: Mapping[str, str], reason: str) -> Iterator[dict[str, Any]]:
    for metric in METRICS:
        yield {**key, "metric": metric, "way": AS_IT_IS, "local_images": 0, "draws": 0, "reason": reason}


def _advice(
    key: Mapping[str, str], curves: Curves, fewest: Mapping[int, float], verdicts: Mapping[tuple, str], explained: bool
) -> Iterator[dict[str, Any]]:
    """Yield what is recommended for each goal and number of images, and how good it is."""
    names = tuple(key[name] for name in ("model", "source", "target", "task"))
    for goal in GOALS:
        verdict = verdicts.get((*names, AUC if goal == AUC else LOG_LOSS))
        for images, count in fewest.items():
            values = {way: curve.value for (metric, way, size), curve in curves.items()
                      if metric == goal and size in (0, images) and len(curve.points)}  # fmt: skip
            told = advise(verdict, count, goal, tuple(values))
            best = (min if goal in _LOSSES else max)(values, key=values.__getitem__)
            yield {
                **key, "metric": goal, "local_images": images, "verdict": verdict, "advised": told.way,
                "why": told.why if explained else f"{told.why}; causes are not looked for (explanation)",
                "plain": values[AS_IT_IS], "value": values[told.way], "best": best, "best_value": values[best],
                "behind": abs(values[best] - values[told.way]),
            }  # fmt: skip
