"""Logits of a model for images in the shards, in the precision of the hardware, stored in float32."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crossray.learning.batches import Examples, ordered_batches
from crossray.learning.hardware import fast_precision
from crossray.learning.models import scaled


@torch.inference_mode()
def predict_logits(model: nn.Module, examples: Examples, batch_size: int, device: torch.device) -> NDArray[np.float32]:
    """Return logits of shape (images, tasks) in the order of ``examples``.

    Args:
        model: in evaluation mode, or it is put there.
        examples: the images; their labels are not looked at.
        batch_size: images at a time.
        device: where to compute.
    """
    model = model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mixed = fast_precision(device) == "bf16-mixed"
    parts = []
    for images, _ in ordered_batches(examples, batch_size):
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            parts.append(model(scaled(images.to(device))).float().cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, examples.labels.shape[1]), np.float32)
