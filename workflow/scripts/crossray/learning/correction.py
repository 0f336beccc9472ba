"""What can be done at a target without its labels: match its pictures to the source's, or the network to them."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crossray.learning.batches import Examples, ordered_batches
from crossray.learning.models import Network
from crossray.shards import ImageStore, JoinedStores

LEVELS = 256


def mean_levels(stores: Sequence[tuple[ImageStore, NDArray[np.int64]]]) -> NDArray[np.float64]:
    """Return the mean quantile function of images' grey levels, at 256 evenly spaced probabilities.

    Args:
        stores: pixels, and the rows of the images in them, at least one in all.
    """
    probabilities = (np.arange(LEVELS) + 0.5) / LEVELS
    found = [np.quantile(image, probabilities) for store, rows in stores for image in store.take(rows)]
    return np.mean(found, axis=0)


class MatchedStore(JoinedStores):
    """A store whose images get the source's grey levels, each by the map between its own and the mean quantiles.

    Histogram specification (Gonzalez and Woods, Digital Image Processing, section 3.3): a grey level becomes what lies
    at the same share of darker pixels in the source's mean image; equal levels stay equal.

    Args:
        store: the pixels.
        levels: of :func:`mean_levels`.
    """

    def __init__(self, store: ImageStore, levels: NDArray[np.float64]) -> None:
        super().__init__([store])
        self.levels = levels

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the matched images at ``rows`` as uint8 of shape (len(rows), size, size)."""
        pixels = super().take(rows)
        return np.stack([self._matched(image) for image in pixels]) if len(rows) else pixels

    def _matched(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        counts = np.bincount(image.ravel(), minlength=LEVELS)
        shares = (np.cumsum(counts) - counts / 2) / image.size
        places = (np.arange(LEVELS) + 0.5) / LEVELS
        return np.interp(shares, places, self.levels).round().astype(np.uint8)[image]


def with_target_statistics(model: Network, examples: Examples, batch_size: int, device: torch.device) -> Network:
    """Return a copy whose batch norms have the mean and variance of these images (AdaBN; Li et al. 2016).

    Args:
        model: stays as it is; without batch norm the copy is equal.
        examples: the target's images, whose labels are not looked at.
        batch_size: images at a time; statistics are averaged over batches.
        device: where to compute.
    """
    adapted = copy.deepcopy(model).eval().to(device)
    for layer in adapted.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over all batches
            layer.train()
    with torch.no_grad():
        for images, *_ in ordered_batches(examples, batch_size):
            if len(images) > 1:
                adapted(images.to(device))
    return adapted.eval()
