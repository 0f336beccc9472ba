"""An encoder that learns from images alone: two views of an image are to be described alike, two images are not.

The method is VICReg (Bardes, Ponce and LeCun, ICLR 2022): no labels, no negatives, no queue and no second network, so
that small batches will do. Of the projections Z and Z' of two views of n images, n x d each, equation 6 minimises

    25 s(Z, Z') + 25 (v(Z) + v(Z')) + c(Z) + c(Z')

where s is the mean squared difference (invariance, equation 5; a mean over the d coordinates too, as in algorithm 1), v
how far the standard deviation of each coordinate falls below 1 (variance, equations 1 and 2), and c the sum of the
squared covariances of different coordinates, over d (covariance, equations 3 and 4).

What differs between two views is what the encoder learns not to see. It is there to tell hospitals' images apart, so
views differ only in where a body lies in the picture (turned, shifted, nearer) and in the grain of the noise, which
differ from image to image at any hospital. Contrast, brightness, polarity, blur and the level of the noise are the same
in both views; usual recipes change them, and would hide how a hospital takes its images. Turns and zooms are small, as
wide ones bring black corners and smooth, and an encoder that had them saw findings less well (docs/shift.md).
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from crossray import manifest
from crossray.errors import UserError
from crossray.learning.batches import Examples, augmented, training_batches
from crossray.learning.description import ENCODER
from crossray.learning.features import last_linear
from crossray.learning.hardware import precision
from crossray.learning.initialisation import initial_network
from crossray.learning.learnable import first_patients
from crossray.seeds import derived_seed
from crossray.shards import ImageStore, JoinedStores, with_rows
from crossray.study.stages.train_encoder import TrainEncoder
from crossray.study.training import Augmentation, Start

log = logging.getLogger(__name__)

#: how two views of an image differ in geometry
GEOMETRY = Augmentation(rotation=5, translation=0.05, scale=0.05, contrast=0)
#: standard deviation of the noise that is added to each view, in grey levels of 255
GRAIN = 2.0

#: weights of the terms of equation 6, for invariance, variance and covariance
_WEIGHTS = (25.0, 25.0, 1.0)
#: added to variances before the root (equation 2)
_EPSILON = 1e-4
#: coordinates of a projection; the paper's 8192 are for batches of 2048
_PROJECTED = 512
_LEARNING_RATE, _WEIGHT_DECAY = 1e-3, 1e-6


class Terms(NamedTuple):
    """The terms of the loss of a batch, without their weights; each is a number of 0 or more."""

    invariance: Tensor
    variance: Tensor
    covariance: Tensor

    def loss(self) -> Tensor:
        """Return their weighted sum (equation 6)."""
        return torch.stack([weight * term for weight, term in zip(_WEIGHTS, self, strict=True)]).sum()


def vicreg(first: Tensor, second: Tensor) -> Terms:
    """Return the terms of the loss.

    Args:
        first: projections of one view of each image, float32 of shape (images, coordinates), two images at least.
        second: those of the other view, in the same order.
    """
    return Terms(
        nn.functional.mse_loss(first, second),
        _variance(first) + _variance(second),
        _covariance(first) + _covariance(second),
    )


def _variance(projections: Tensor) -> Tensor:
    """Return how far the deviation of coordinates falls below 1, on average (equations 1 and 2)."""
    return torch.relu(1 - torch.sqrt(projections.var(dim=0) + _EPSILON)).mean()


def _covariance(projections: Tensor) -> Tensor:
    """Return the sum of the squared covariances of different coordinates, over their number (equations 3 and 4)."""
    centred = projections - projections.mean(dim=0)
    covariance = centred.T @ centred / (len(projections) - 1)
    others = covariance - torch.diag(covariance.diagonal())
    return (others**2).sum() / projections.shape[1]


def views_of(images: Tensor) -> Tensor:
    """Return a random view of each image: turned, shifted and scaled, with a grain of noise of its own.

    Draws from torch's global generator.

    Args:
        images: uint8 of shape (n, size, size) or (n, size, size, 3).

    Returns:
        float32 of the same shape, in grey levels of 255.
    """
    moved = augmented(images, GEOMETRY)
    return moved + GRAIN * torch.randn_like(moved)


def unlabelled_images(
    manifests: Sequence[Path], indexes: Sequence[Path], settings: TrainEncoder
) -> tuple[Examples, dict[str, int]]:
    """Gather training images, whole patients of each data set until there are so many; no label is looked at.

    Args:
        manifests: of the data sets.
        indexes: their indexes of shards, in the same order.
        settings: how many images of a data set at most, and the seed of their draw.

    Returns:
        The images, without a column of labels, and how many there are of each data set.

    Raises:
        UserError: if a shard is damaged, or there are fewer than two images.
    """
    stores = [ImageStore(index) for index in indexes]
    for store in stores:
        store.check()
    joined, parts = JoinedStores(stores), []
    for number, (path, store) in enumerate(zip(manifests, stores, strict=True)):
        rows = with_rows(manifest.read(path), store, "train")[["patient_id", "row"]].assign(dataset=number)
        kept = first_patients(rows, settings.images, settings.seed)
        parts.append(kept.assign(row=kept["row"] + joined.starts[number]))
    found = pd.concat(parts, ignore_index=True)
    if len(found) < 2:
        raise UserError(
            f"{', '.join(map(str, manifests))}: {len(found)} images in the split train; an encoder learns from two or "
            "more: raise its share (split.train), or explanation.encoder_images, or choose another explanation.encoder"
        )
    numbers = found["dataset"].to_numpy()
    counts = {store.dataset: int((numbers == number).sum()) for number, store in enumerate(stores)}
    return Examples(joined, found["row"].to_numpy(), np.empty((len(found), 0), np.float32), numbers), counts


def train_encoder(
    images: Examples, settings: TrainEncoder, device: torch.device
) -> tuple[dict[str, Tensor], list[dict[str, float]]]:
    """Train an encoder; data sets take turns in every batch, so that one with many images does not own it.

    Order, views and weights follow from the seed: the same machine with the same number of threads ends in the same
    bytes.

    Args:
        images: what to learn from; labels are not looked at.
        settings: epochs, batch size, precision and seed.
        device: where to compute.

    Returns:
        The encoder's state dict, without a last layer, and of each epoch the mean ``loss`` and the mean of its terms.

    Raises:
        UserError: if its loss is no number any more.
    """
    start = Start(architecture=ENCODER, seed=settings.seed)
    network = initial_network(start, 1, images.store.size, None, images.store.channels)
    name, layer = last_linear(network)
    network.body.set_submodule(name, _expander(layer.in_features))
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = training_batches(images, settings.batch_size, "datasets", settings.seed)
    optimiser = torch.optim.Adam(network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs * len(batches))
    mixed = precision(settings.precision, device) == "bf16-mixed"
    history = []
    for epoch in range(settings.epochs):
        batches.batch_sampler.sampler.set_epoch(epoch)  # type: ignore[union-attr]
        seen = []
        for number, (pixels, *_) in enumerate(batches):
            torch.manual_seed(derived_seed(settings.seed, "views", str(epoch), str(number)))
            shown = pixels.to(device, non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                first, second = (network(views_of(shown)) for _ in range(2))
            terms = vicreg(first.float(), second.float())
            optimiser.zero_grad()
            terms.loss().backward()
            optimiser.step()
            schedule.step()
            seen.append(torch.stack([terms.loss(), *terms]).detach())
        history.append(_told(epoch, settings, torch.stack(seen).mean(dim=0)))
    state = {key: value.detach().cpu() for key, value in network.body.state_dict().items()}
    return {key: value for key, value in state.items() if not key.startswith(f"{name}.")}, history


def _expander(width: int) -> nn.Module:
    """Return three layers that project features for the loss alone (section 4.2)."""
    layers: list[nn.Module] = []
    for inputs in (width, _PROJECTED):
        layers += [nn.Linear(inputs, _PROJECTED), nn.BatchNorm1d(_PROJECTED), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(_PROJECTED, _PROJECTED, bias=False))


def _told(epoch: int, settings: TrainEncoder, means: Tensor) -> dict[str, float]:
    """Log an epoch and return its numbers.

    Raises:
        UserError: if they are none.
    """
    told = dict(zip(("loss", *Terms._fields), means.tolist(), strict=True))
    log.info(
        "epoch %d of %d: loss %.3f, its terms %s", epoch + 1, settings.epochs, told["loss"],
        ", ".join(f"{name} {told[name]:.4f}" for name in Terms._fields),
    )  # fmt: skip
    if not np.isfinite(told["loss"]):
        raise UserError(
            f"the encoder's loss is not a number after epoch {epoch + 1}; set training.precision to float32, or choose "
            "another explanation.encoder"
        )
    return told
