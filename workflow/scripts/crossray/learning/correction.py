"""What can be done at a target without its labels: match its pictures to the source's, or the network to them."""

import copy
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crossray.learning.batches import Examples, ordered_batches
from crossray.learning.models import Network
from crossray.shards import ImageStore, JoinedStores

LEVELS = 256

#: percentiles that a linear window is fitted to
_WINDOW = (2.0, 98.0)
#: an amplitude changes at most by this factor, so that what an image has lost is not made up from its noise
_LARGEST_GAIN = 4.0


@dataclass(frozen=True)
class Look:
    """What a source's images look like on average.

    Attributes:
        levels: mean quantile function of the grey levels (0 to 255), at 256 evenly spaced probabilities.
        picture: mean image, shape (size, size) or (size, size, 3).
        spectrum: mean logarithm of the power at each whole spatial frequency, shape (frequencies,).
    """

    levels: NDArray[np.float64]
    picture: NDArray[np.float64]
    spectrum: NDArray[np.float64]


def mean_look(stores: Sequence[tuple[ImageStore, NDArray[np.int64]]]) -> Look:
    """Look at images.

    Args:
        stores: pixels, and the rows of the images in them, at least one in all.
    """
    images = [image for store, rows in stores for image in store.take(rows)]
    return Look(
        np.mean([np.quantile(image, _probabilities()) for image in images], axis=0),
        np.mean(images, axis=0, dtype=np.float64),
        np.mean([_spectrum(image) for image in images], axis=0),
    )


def matched_levels(image: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
    """Give an image the source's grey levels.

    Histogram specification (Gonzalez and Woods, Digital Image Processing, section 3.3): a grey level becomes what lies
    at the same share of darker pixels in the source's mean; equal levels stay equal.
    """
    counts = np.bincount(image.ravel(), minlength=LEVELS)
    shares = (np.cumsum(counts) - counts / 2) / image.size
    return np.interp(shares, _probabilities(), look.levels).round().astype(np.uint8)[image]


def matched_window(image: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
    """Stretch an image linearly, so that its 2nd and 98th percentile are the source's."""
    low, high = np.percentile(image, _WINDOW)
    least, most = np.interp(np.array(_WINDOW) / 100, _probabilities(), look.levels)
    return _as_pixels(least + (image - low) * (most - least) / max(high - low, 1))


def matched_polarity(image: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
    """Invert an image that looks more like the negative of the source's mean image than like that image."""
    return 255 - image if np.sum((image - image.mean()) * (look.picture - look.picture.mean())) < 0 else image


def matched_resolution(image: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
    """Give an image the source's power at each spatial frequency, whatever the direction: its blur and its noise.

    Amplitudes are scaled and phases kept, as in matching of amplitude spectra between domains (Yang and Soatto 2020);
    the mean stays, and no amplitude changes more than fourfold.
    """
    gain = np.exp((look.spectrum - _spectrum(image)) / 2).clip(1 / _LARGEST_GAIN, _LARGEST_GAIN)
    gain[0] = 1
    by_place = gain[_frequencies(image.shape[0])].reshape(*image.shape[:2], *([1] * (image.ndim - 2)))
    return _as_pixels(np.fft.ifft2(np.fft.fft2(image, axes=(0, 1)) * by_place, axes=(0, 1)).real)


#: correction of pictures -> what it does to one
MATCHES: dict[str, Callable[[NDArray[np.uint8], Look], NDArray[np.uint8]]] = {
    "histogram": matched_levels,
    "window": matched_window,
    "polarity": matched_polarity,
    "resolution": matched_resolution,
}


class MatchedStore(JoinedStores):
    """A store whose images are matched to what the source's look like.

    Args:
        store: the pixels.
        look: of :func:`mean_look`.
        match: one of :data:`MATCHES`.
    """

    def __init__(self, store: ImageStore, look: Look, match: str) -> None:
        super().__init__([store])
        self.look, self.match = look, MATCHES[match]

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the matched images at ``rows`` as uint8 of shape (len(rows), size, size) or (..., 3)."""
        pixels = super().take(rows)
        return np.stack([self.match(image, self.look) for image in pixels]) if len(rows) else pixels


def _probabilities() -> NDArray[np.float64]:
    return (np.arange(LEVELS) + 0.5) / LEVELS


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
