"""Batches of images and labels from the memory-mapped shards, and their augmentation on the device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler, SequentialSampler

from crossray.learning import processes
from crossray.learning.models import channels_first
from crossray.seeds import derived_seed
from crossray.shards import RowStore
from crossray.study.training import Augmentation


@dataclass(frozen=True)
class Examples:
    """Images of one split.

    Attributes:
        store: where their pixels are.
        rows: their rows in the store, shape (images,).
        labels: 1, 0 or NaN (unknown), shape (images, tasks).
        datasets: number of the data set that each comes from, shape (images,); None where there is only one.
        epoch: images of an epoch, those that are there several times, if that is not their number.
    """

    store: RowStore
    rows: np.ndarray
    labels: np.ndarray
    datasets: np.ndarray | None = None
    epoch: int | None = None


class Batch(NamedTuple):
    """Some examples.

    Attributes:
        images: uint8, shape (images, size, size) or (images, size, size, 3).
        labels: float32, 1, 0 or NaN (unknown), shape (images, tasks).
        datasets: number of the data set that each comes from, shape (images,).
    """

    images: Tensor
    labels: Tensor
    datasets: Tensor


class ExampleDataset(Dataset):
    """Serves whole batches."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.examples.rows)

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """Return the batch at ``indices``; DataLoader calls this once a batch."""
        examples = self.examples
        datasets = np.zeros(len(indices), int) if examples.datasets is None else examples.datasets[indices]
        return Batch(
            torch.from_numpy(examples.store.take(examples.rows[indices])),
            torch.from_numpy(examples.labels[indices].astype(np.float32)),
            torch.from_numpy(datasets.astype(np.int64)),
        )


class EpochShuffle(Sampler[int]):
    """An order that depends on (seed, epoch) alone, so that a resumed run sees what an undisturbed one sees.

    Args:
        groups: places of images; the groups take turns, and a small one is gone through several times an epoch, a large
            one in part.
        length: images of an epoch.
        seed: of the run.
    """

    def __init__(self, groups: Sequence[np.ndarray], length: int, seed: int) -> None:
        self.groups, self.length, self.seed, self.epoch = groups, length, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of images of an epoch."""
        return self.length

    def __iter__(self) -> Iterator[int]:
        """Yield places of images, each group in an order of its own."""
        generator = np.random.default_rng(derived_seed(self.seed, "order", str(self.epoch)))
        turns = -(-self.length // len(self.groups))
        orders = [_repeated(group, turns, generator) for group in self.groups]
        return iter(np.stack(orders, axis=1).ravel()[: self.length].tolist())


def groups_of(examples: Examples, balance: str) -> list[np.ndarray]:
    """Return the groups of images that take turns in an epoch.

    Args:
        examples: images to learn from.
        balance: ``images``, one group of all; ``datasets``, a group a data set; ``findings``, the positives of each
            task and the images without any, groups that share images.
    """
    everything = np.arange(len(examples.rows))
    if balance == "findings":
        positive = examples.labels == 1
        groups = [np.flatnonzero(column) for column in positive.T] + [np.flatnonzero(~positive.any(axis=1))]
        return [group for group in groups if len(group)]
    if balance == "datasets" and examples.datasets is not None:
        return [np.flatnonzero(examples.datasets == number) for number in np.unique(examples.datasets)]
    return [everything]


def _repeated(places: np.ndarray, wanted: int, generator: np.random.Generator) -> np.ndarray:
    """Return so many of these places, one random order after the other."""
    rounds = -(-wanted // len(places))
    return np.concatenate([generator.permutation(places) for _ in range(rounds)])[:wanted]


class SharedBatches(BatchSampler):
    """This process's share of every batch: however many train together, a batch has the same images.

    Args:
        sampler: the order of the images.
        batch_size: images of a batch, over all processes.
        drop_last: whether an incomplete last batch is left out.
    """

    def __iter__(self) -> Iterator[list[int]]:
        """Yield places of images."""
        for batch in super().__iter__():
            yield batch[processes.number() :: processes.count()]


def training_batches(examples: Examples, batch_size: int, balance: str, seed: int) -> DataLoader:
    """Shuffled batches; an incomplete last one is dropped where there are others, as batch norm needs many."""
    order = EpochShuffle(groups_of(examples, balance), examples.epoch or len(examples.rows), seed)
    batches = SharedBatches(order, batch_size, drop_last=len(order) > batch_size)
    return _loader(ExampleDataset(examples), batches)


def ordered_batches(examples: Examples, batch_size: int) -> DataLoader:
    """All images in order, or this process's share of every batch of them."""
    dataset = ExampleDataset(examples)
    batches = SharedBatches(SequentialSampler(dataset), batch_size, drop_last=False)
    return _loader(dataset, batches)


def _loader(dataset: ExampleDataset, batches: SharedBatches) -> DataLoader:
    """Batches in this process; in locked memory where there is a GPU, which then copies them while it computes."""
    return DataLoader(dataset, batch_sampler=batches, collate_fn=_as_is, pin_memory=torch.cuda.is_available())


def _as_is(batch: Any) -> Any:
    """Hand on a batch that :meth:`ExampleDataset.__getitems__` has already put together."""
    return batch


def augmented(images: Tensor, changes: Augmentation) -> Tensor:
    """Rotate, shift and scale images (Cohen et al. 2020, section 3) and change their contrast, each by its own draw.

    Draws from torch's global generator.

    Args:
        images: uint8 of shape (n, size, size) or (n, size, size, 3).
        changes: how far, at most.

    Returns:
        float32 of the same shape, 0 to 255; what comes in from outside is black.
    """
    count = len(images)

    def draw(reach: float) -> Tensor:
        return (torch.rand(count, device=images.device) * 2 - 1) * reach

    angle, scale = torch.deg2rad(draw(changes.rotation)), 1 + draw(changes.scale)
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    # grid_sample's coordinates run from -1 to 1, so a shift by a share of the side is twice that share.
    right, down = 2 * draw(changes.translation), 2 * draw(changes.translation)
    matrices = torch.stack([torch.stack([cosine, -sine, right], 1), torch.stack([sine, cosine, down], 1)], 1)
    pixels = channels_first(images.float())
    if changes.contrast:
        powers = (1 + changes.contrast) ** draw(1).reshape(-1, 1, 1, 1)
        pixels = 255 * (pixels / 255) ** powers
    grid = torch.nn.functional.affine_grid(matrices, list(pixels.shape), align_corners=False)
    moved = torch.nn.functional.grid_sample(pixels, grid, align_corners=False)
    return moved.squeeze(1) if images.ndim == 3 else moved.permute(0, 2, 3, 1)
