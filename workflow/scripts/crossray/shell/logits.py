"""Logits of a network for images in memory, in float32."""

import numpy as np
import torch
from numpy.typing import NDArray

from crossray.learning.models import Network

#: images that go through a network at a time
_BATCH = 32


@torch.inference_mode()
def logits_of(network: Network, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return logits, shape (images, tasks).

    Args:
        network: in evaluation mode, on the CPU.
        images: as they are stored: levels 0 to 255, at least one, (images, size, size) or (images, size, size, 3).
    """
    parts = [network(torch.from_numpy(images[start : start + _BATCH])) for start in range(0, len(images), _BATCH)]
    return torch.cat(parts).numpy()
