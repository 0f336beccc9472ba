"""A model of a study, and its predictions for targets' images."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from crossray.errors import UserError
from crossray.learning.batches import Examples
from crossray.learning.features import KeptFeatures, head_logits, last_linear
from crossray.learning.hardware import choose_device
from crossray.learning.models import Network, load_model
from crossray.learning.prediction import embed, predict_logits
from crossray.learning.targets import Target
from crossray.shards import ImageStore, sample_rows, with_rows
from crossray.study.stages.inference import Inference

log = logging.getLogger(__name__)


class Predictor:
    """A trained model on a device.

    Args:
        weights: of the model (safetensors).
        settings: how models are applied.
        gpus: how many GPUs the job was promised.
        features: data set -> what goes into the last layer, where it was computed before; it is not computed again.

    Raises:
        UserError: if the weights are not those of a CrossRay model, a promised GPU is not there, or features are those
            of another network.
    """

    def __init__(
        self, weights: Path, settings: Inference, gpus: int, features: Mapping[str, KeptFeatures] | None = None
    ) -> None:
        self._model, self._tasks, self._size = load_model(weights)
        self._settings, self._features, self._device = settings, features or {}, choose_device(gpus)
        for kept in self._features.values():
            kept.check_network(self._model)

    def predict(self, target: Target, split: str) -> pd.DataFrame:
        """Return ``image_id`` and a float32 column of logits for each task, for all images of a split with pixels.

        Raises:
            UserError: if the model cannot take the target's images, or a shard is damaged.
        """
        inputs = self._inputs(target)
        rows = with_rows(target.table, inputs.store, split)
        table = pd.DataFrame(inputs.logits(rows["row"].to_numpy()), columns=self._tasks)
        table.insert(0, "image_id", rows["image_id"])
        log.info("%s: %d %s images, %d tasks", target.name, len(table), split, len(self._tasks))
        return table

    def embed(self, target: Target, images: int, seed: int) -> pd.DataFrame:
        """Return image_id, split, dataset and the head's inputs for a sample of the training and test images.

        Args:
            target: whose images.
            images: of each split, at most.
            seed: of their draw.

        Raises:
            UserError: if the model cannot take the target's images, or a shard is damaged.
        """
        inputs = self._inputs(target)
        rows = sample_rows(target.table, inputs.store, images, seed)
        features = inputs.features(rows["row"].to_numpy())
        named = rows[["image_id", "split"]].assign(dataset=target.name)
        log.info("%s: features of %d images, %d each", target.name, len(rows), features.shape[1])
        return pd.concat([named, pd.DataFrame(features).add_prefix("feature ")], axis=1)

    def _inputs(self, target: Target) -> "_Features | _Pixels":
        """Return what goes into the last layer where that was computed before, else the images."""
        if kept := self._features.get(target.name):
            return _Features(kept, self._model)
        store = target.store
        if store.size != self._size:
            raise UserError(f"{target.name}: images of {store.size} px, the model was trained on {self._size} px")
        if store.channels > self._model.scale.channels:
            raise UserError(f"{target.name}: images in colour, the model was trained on grey ones")
        return _Pixels(store, self._model, len(self._tasks), self._settings, self._device)


@dataclass(frozen=True)
class _Features:
    """Features that were computed before, and the network whose last layer takes them."""

    store: KeptFeatures
    model: Network

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return head_logits(last_linear(self.model)[1], self.features(rows))

    def features(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.store.take(rows)


@dataclass(frozen=True)
class _Pixels:
    """Images, and the network that is applied to them."""

    store: ImageStore
    model: Network
    tasks: int
    settings: Inference
    device: torch.device

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        examples = Examples(self.store, rows, np.empty((len(rows), self.tasks), np.float32))
        return predict_logits(self.model, examples, self.settings, self.device)

    def features(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return embed(self.model, self.store, rows, self.settings, self.device)
