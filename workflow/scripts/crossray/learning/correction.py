"""Corrections at a target without its labels: adapt its images to the source's, or the network to them."""

import copy
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crossray.learning.batches import Examples, ordered_batches
from crossray.learning.models import Network
from crossray.shards import ImageStore, JoinedStores

#: an amplitude changes at most by this factor, so that lost detail is not replaced by amplified noise
_LARGEST_GAIN = 4.0
#: images looked at together
_CHUNK = 256


@dataclass(frozen=True)
class ImageStatistics:
    """What a hospital's images look like taken together.

    Attributes:
        picture: mean image, shape (size, size) or (size, size, 3), 0 to 255.
        spectrum: mean logarithm of the power at each whole spatial frequency, shape (frequencies,).
    """

    picture: NDArray[np.float64]
    spectrum: NDArray[np.float64]


def mean_statistics(stores: Sequence[tuple[ImageStore, NDArray[np.int64]]]) -> ImageStatistics:
    """Look at images.

    Args:
        stores: pixels, and the rows of the images in them, at least one in all.
    """
    count = sum(len(rows) for _, rows in stores)
    sums: list[Any] = [0, 0]
    for store, rows in stores:
        for start in range(0, len(rows), _CHUNK):
            pixels = store.take(rows[start : start + _CHUNK])
            sums[0] += pixels.sum(axis=0, dtype=np.float64)
            sums[1] += np.sum([_spectrum(image) for image in pixels], axis=0)
    return ImageStatistics(*(total / count for total in sums))


def matched_polarity(pixels: NDArray[np.uint8], _: ImageStatistics, source: ImageStatistics) -> NDArray[np.uint8]:
    """Invert each image that looks more like the negative of the source's mean image than like that image."""
    mean = source.picture - source.picture.mean()
    negative = np.array([np.sum((image - image.mean()) * mean) < 0 for image in pixels], bool)
    return np.where(negative.reshape(-1, *[1] * (pixels.ndim - 1)), 255 - pixels, pixels)


def matched_resolution(
    pixels: NDArray[np.uint8], target: ImageStatistics, source: ImageStatistics
) -> NDArray[np.uint8]:
    """Give images the source's power at each spatial frequency, whatever the direction: its blur and its noise.

    Amplitudes are scaled, in every image by the same factors, and phases kept, as in matching of amplitude spectra
    between domains (Yang and Soatto 2020); the mean stays, and no amplitude changes more than fourfold.
    """
    gain = np.exp((source.spectrum - target.spectrum) / 2).clip(1 / _LARGEST_GAIN, _LARGEST_GAIN)
    gain[0] = 1
    by_place = gain[_frequencies(pixels.shape[1])].reshape(*pixels.shape[1:3], *[1] * (pixels.ndim - 3))
    return _as_pixels(np.fft.ifft2(np.fft.fft2(pixels, axes=(1, 2)) * by_place, axes=(1, 2)).real)


#: correction of pictures -> what it does to uint8 images (n, size, size) or (n, size, size, 3) of a target
MATCHES: dict[str, Callable[[NDArray[np.uint8], ImageStatistics, ImageStatistics], NDArray[np.uint8]]] = {
    "polarity": matched_polarity,
    "resolution": matched_resolution,
}


class MatchedStore(JoinedStores):
    """A store of a target whose images are matched to the source's.

    Args:
        store: the pixels.
        match: one of :data:`MATCHES`.
        target: look of the target's images.
        source: look of the source's.
    """

    def __init__(self, store: ImageStore, match: str, target: ImageStatistics, source: ImageStatistics) -> None:
        super().__init__([store])
        self.match, self.looks = MATCHES[match], (target, source)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the matched images at ``rows`` as uint8 of shape (len(rows), size, size) or (..., 3)."""
        return self.match(super().take(rows), *self.looks)


def _as_pixels(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return levels.clip(0, 255).round().astype(np.uint8)


@functools.cache
def _frequencies(size: int) -> NDArray[np.int64]:
    """Return the nearest whole spatial frequency, in periods a side, of each place of a transform (size, size)."""
    along = np.fft.fftfreq(size, 1 / size)
    return np.hypot(*np.meshgrid(along, along)).round().astype(np.int64)


def _spectrum(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the logarithm of the mean power at each whole spatial frequency."""
    power = np.abs(np.fft.fft2(image, axes=(0, 1))) ** 2
    power = power if image.ndim == 2 else power.mean(axis=2)
    places = _frequencies(image.shape[0]).ravel()
    return np.log(np.bincount(places, power.ravel()) / np.bincount(places) + 1)


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
