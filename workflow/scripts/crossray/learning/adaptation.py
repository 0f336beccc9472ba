"""A model at another hospital that has some labelled images: what becomes of its outputs, way by way.

Nothing is chosen by a test image. A sample's images are all that a way sees of the hospital; settings are fixed, but
for the penalty of a head, which is chosen inside the sample.
"""

import copy
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from crossray.errors import UserError
from crossray.learning.algorithms import last_layer
from crossray.learning.batches import Examples
from crossray.learning.correction import with_target_statistics
from crossray.learning.initialisation import network_to_train
from crossray.learning.learnable import first_patients
from crossray.learning.linear_head import both_kinds, fit_heads
from crossray.learning.models import Network
from crossray.learning.prediction import embed, predict_logits
from crossray.learning.targets import Target
from crossray.learning.training import train
from crossray.seeds import derived_seed
from crossray.shards import with_rows
from crossray.study.base import taken
from crossray.study.stages.adapt_model import AdaptModel
from crossray.study.stages.inference import Inference
from crossray.study.ways import AS_IT_IS, BATCH_NORM, FINE_TUNING, HEAD, SCRATCH

log = logging.getLogger(__name__)

#: splits whose images a hospital adapts with
LOCAL = ("train", "validation")
#: an epoch has at least so many batches, in which few images come several times
_LEAST_BATCHES = 4


@dataclass(frozen=True)
class Sample:
    """Some local images.

    Attributes:
        images: how many were asked for, or all.
        draw: number of the draw, from 0; all images are one draw.
        rows: those of the manifest, with their place in the store as ``row``.
    """

    images: int
    draw: int
    rows: pd.DataFrame


def local_images(target: Target, tasks: Sequence[str]) -> pd.DataFrame:
    """Return a hospital's training and validation images that have pixels, with a column for each task.

    Raises:
        UserError: if there is none.
    """
    rows = pd.concat([with_rows(target.table, target.store, split) for split in LOCAL], ignore_index=True)
    if rows.empty:
        raise UserError(f"{target.name}: no image in the splits train and validation; a model is adapted to some")
    columns = ["image_id", "patient_id", "row", *tasks]
    return rows.reindex(columns=columns).assign(dataset=target.name)


def samples(local: pd.DataFrame, sizes: Sequence[int], draws: int, seed: int) -> Iterator[Sample]:
    """Yield samples of whole patients, nested within a draw, and last all images.

    Args:
        local: the images.
        sizes: numbers of images; a size that there are not more images than is left out.
        draws: of each size.
        seed: of the draws.
    """
    for draw in range(draws):
        for size in sorted(sizes):
            if size < len(local):
                rows = first_patients(local, size, derived_seed(seed, "adaptation", str(draw)))
                if rows.empty:
                    log.warning("draw %d: the first patient alone has more than %d images; no such sample", draw, size)
                    continue
                yield Sample(size, draw, rows)
    yield Sample(len(local), 0, local.reset_index(drop=True))


class Adaptation:
    """A model and a hospital.

    Args:
        model: in evaluation mode; stays as it is.
        tasks: of its outputs.
        settings: what is done, and how.
        target: the hospital.
        calibration: intercept and slope of each task's logits at the source, shape (tasks, 2).
        initial: state dict that training from scratch starts with, if the study's does.
        device: where to compute.

    Raises:
        UserError: if the hospital has no image to adapt with, or no test image.
    """

    def __init__(
        self, model: Network, tasks: Sequence[str], settings: AdaptModel, target: Target, calibration: NDArray,
        initial: Path | None, device: torch.device,
    ) -> None:  # fmt: skip
        self._model, self._tasks, self._settings, self._device = model, list(tasks), settings, device
        self._store, self._calibration, self._initial = target.store, calibration, initial
        self._inference = taken(Inference, settings)
        self.local = local_images(target, tasks)
        self._test = with_rows(target.table, target.store, "test")
        if self._test.empty:
            raise UserError(f"{target.name}: no image in the split test; a target needs some, raise its share")

    def adapted(self, sample: Sample, way: str) -> pd.DataFrame:
        """Return logits after a way: image_id, split (``local`` or ``test``), way, images, draw, a column a task.

        Those of the sample's images are given where a threshold or a recalibration is fitted on them; those of test
        images where they are not the model's own.
        """
        ways: Mapping[str, Callable[[Sample], tuple[NDArray | None, NDArray | None]]] = {
            AS_IT_IS: self._as_it_is, BATCH_NORM: self._batch_norm, HEAD: self._head, FINE_TUNING: self._tuned,
            SCRATCH: self._from_scratch,
        }  # fmt: skip
        test, local = ways[way](sample)
        given = (self._test, test, "test"), (sample.rows, local, "local")
        parts = [self._table(rows, logits, split) for rows, logits, split in given if logits is not None]
        table = pd.concat(parts, ignore_index=True).assign(way=way, images=sample.images, draw=sample.draw)
        log.info("%s with %d images, draw %d", way, len(sample.rows), sample.draw)
        return table[["image_id", "split", "way", "images", "draw", *self._tasks]]

    def _table(self, rows: pd.DataFrame, logits: NDArray, split: str) -> pd.DataFrame:
        table = pd.DataFrame(np.asarray(logits, np.float32), columns=self._tasks)
        table.insert(0, "split", split)
        table.insert(0, "image_id", rows["image_id"].to_numpy())
        return table

    def _as_it_is(self, sample: Sample) -> tuple[None, NDArray]:
        return None, self._plain[0][self._places(sample)]

    def _places(self, sample: Sample) -> NDArray:
        """Return the places of a sample's images among the local ones."""
        return pd.Index(self.local["row"]).get_indexer(sample.rows["row"])

    @cached_property
    def _plain(self) -> tuple[NDArray, NDArray]:
        """Logits of all local images and of the test images."""
        return self._logits(self._model, self.local), self._logits(self._model, self._test)

    @cached_property
    def _features(self) -> tuple[NDArray, NDArray]:
        """What goes into the head, of all local images and of the test images; computed once."""
        local, test = (
            embed(self._model, self._store, rows["row"].to_numpy(), self._inference, self._device)
            for rows in (self.local, self._test)
        )
        return local, test

    def _logits(self, model: Network, rows: pd.DataFrame) -> NDArray[np.float32]:
        return predict_logits(model, self._examples(rows), self._inference, self._device)

    def _examples(self, rows: pd.DataFrame) -> Examples:
        """Return images with those labels from which something can be learnt."""
        labels = rows.reindex(columns=self._tasks).to_numpy(np.float32)
        return Examples(self._store, rows["row"].to_numpy(), np.where(both_kinds(labels), labels, np.nan))

    def _batch_norm(self, sample: Sample) -> tuple[NDArray, NDArray]:
        """Give batch norms the sample's statistics."""
        images, size = self._examples(sample.rows), self._settings.batch_size
        model = with_target_statistics(self._model, images, size, self._device)
        return self._logits(model, self._test), self._logits(model, sample.rows)

    def _head(self, sample: Sample) -> tuple[NDArray, None]:
        """Fit a head on the features, drawn towards the model's own as calibrated at the source."""
        places = self._places(sample)
        before, beyond = (self._calibration[:, 0] + self._calibration[:, 1] * one for one in self._plain)
        labels, patients = sample.rows[self._tasks].to_numpy(float), pd.factorize(sample.rows["patient_id"])[0]
        heads = fit_heads(self._features[0][places], labels, patients, before[places], self._settings.draws_seed)
        return heads.logits(self._features[1], beyond), None

    def _tuned(self, sample: Sample) -> tuple[NDArray, None]:
        """Train all layers on, for a fixed number of epochs."""
        settings = replace(
            self._settings, epochs=self._settings.tuning_epochs, learning_rate=self._settings.tuning_rate,
            freeze=None, unfreeze_every=0,
        )  # fmt: skip
        examples = self._examples(sample.rows)
        if np.isnan(examples.labels).all():
            return self._plain[1], None
        return self._trained(self._calibrated().train(), examples, settings), None

    def _calibrated(self) -> Network:
        """Return a copy of the model whose last layer gives logits as calibrated at the source, if it can."""
        network = copy.deepcopy(self._model)
        head = last_layer(network.body, FINE_TUNING)
        if head.bias is None or head.out_features != len(self._tasks):
            return network
        with torch.no_grad():
            intercepts, slopes = torch.tensor(self._calibration.T, dtype=head.weight.dtype)
            head.weight.mul_(slopes[:, None])
            head.bias.mul_(slopes).add_(intercepts)
        return network

    def _from_scratch(self, sample: Sample) -> tuple[NDArray, None]:
        """Train as the study trains the model; a task with images of one kind alone has no logits."""
        examples = self._examples(sample.rows)
        learnt = both_kinds(examples.labels)
        found = np.full((len(self._test), len(self._tasks)), np.nan, np.float32)
        if learnt.any():
            size, channels = self._store.size, self._store.channels
            network = network_to_train(self._settings, len(self._tasks), size, self._initial, channels)
            found[:, learnt] = self._trained(network, examples, self._settings)[:, learnt]
        return found, None

    def _trained(self, network: Network, examples: Examples, settings: AdaptModel) -> NDArray[np.float32]:
        """Train on a sample, which chooses the epoch too, and return the logits of test images."""
        images = replace(examples, epoch=max(len(examples.rows), _LEAST_BATCHES * settings.batch_size))
        with tempfile.TemporaryDirectory() as folder, _quietly():
            work, curves = Path(folder) / "work", Path(folder) / "curves"
            best = train(network, self._tasks, images, examples, settings, work, self._device, curves)
        network.body.load_state_dict(best.best)
        return self._logits(network, self._test)


def calibration_lines(labels: NDArray, logits: NDArray) -> NDArray[np.float64]:
    """Fit intercept and slope of each task's logits at the source (Platt 1999); 0 and 1 where a class is missing.

    Args:
        labels: of the source's validation images, 1, 0 or NaN (unknown), shape (images, tasks).
        logits: the model's, shape (images, tasks).

    Returns:
        Shape (tasks, 2).
    """
    found = np.tile([0.0, 1.0], (labels.shape[1], 1))
    for task in np.flatnonzero(both_kinds(labels)):
        known = ~np.isnan(labels[:, task])
        fitted = LogisticRegression(C=1e4).fit(logits[known, task : task + 1], labels[known, task])
        found[task] = fitted.intercept_[0], fitted.coef_[0, 0]
    return found


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out the line of each epoch: there are many trainings."""
    training = logging.getLogger(train.__module__)
    before = training.level
    training.setLevel(logging.WARNING)
    try:
        yield
    finally:
        training.setLevel(before)
