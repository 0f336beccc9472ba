"""Logits of a model for images in the shards, stored in float32."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossray.learning.batches import Examples, ordered_batches
from crossray.learning.hardware import precision
from crossray.shards import ImageStore
from crossray.study.stages.inference import Inference

#: pixels of a batch, at least: a CPU lays out the weights for each, a third of the time of 32 images of 48 px
_PIXELS = 2**18


@torch.inference_mode()
def predict_logits(
    model: nn.Module, examples: Examples, settings: Inference, device: torch.device
) -> NDArray[np.float32]:
    """Return logits of shape (images, tasks) in the order of ``examples``.

    Args:
        model: in evaluation mode, or it is put there.
        examples: the images; their labels are not looked at.
        settings: how models are applied.
        device: where to compute.
    """
    parts = list(_outputs(model, examples, settings, device))
    return torch.cat(parts).cpu().numpy() if parts else np.empty((0, examples.labels.shape[1]), np.float32)


@torch.inference_mode()
def embed(
    model: nn.Module, store: ImageStore, rows: NDArray[np.int64], settings: Inference, device: torch.device
) -> NDArray[np.float32]:
    """Return what goes into the model's last linear layer, shape (images, features).

    Args:
        model: in evaluation mode, or it is put there.
        store: where the pixels are.
        rows: the images, at least one.
        settings: how models are applied.
        device: where to compute.
    """
    seen: list[NDArray[np.float32]] = []
    last = [layer for layer in model.modules() if isinstance(layer, nn.Linear)][-1]
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
    examples = Examples(store, rows, np.empty((len(rows), last.out_features), np.float32))
    for _ in _outputs(model, examples, settings, device):
        pass
    hook.remove()
    return np.concatenate(seen)


def _outputs(model: nn.Module, examples: Examples, settings: Inference, device: torch.device) -> Iterator[Tensor]:
    """Yield the logits of each batch without waiting for the GPU in between."""
    model = model.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    mixed = precision(settings.precision, device) == "bf16-mixed"
    together = max(settings.batch_size, _PIXELS // examples.store.size**2)
    for images, *_ in ordered_batches(examples, together):
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            yield model(images.to(device, non_blocking=True)).float()
