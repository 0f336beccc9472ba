"""Networks by name from torchvision, with one grey input channel and one output a task, and their weight files."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn

from crossray.errors import UserError

#: the range of grey levels that a model sees (Cohen et al. 2020, section 2)
INPUT_RANGE = (-1024.0, 1024.0)

#: the entry of a weights file's metadata that says how to build its network
METADATA = "crossray"


def build_model(architecture: str, outputs: int, size: int) -> nn.Module:
    """Build a torchvision classifier with random weights for grey images.

    Args:
        architecture: name as in ``torchvision.models.list_models``, for instance ``resnet50``.
        outputs: number of logits.
        size: pixels along each side of an image.

    Returns:
        A module that maps float (images, 1, size, size) to logits (images, outputs).

    Raises:
        UserError: if the name is not known, or the network cannot take images of this size.
    """
    known = torchvision.models.list_models(module=torchvision.models)
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known, n=5) or known
        raise UserError(f"models: architecture {architecture!r} is not known; near it are {', '.join(near)}")
    try:
        model = _network(architecture, outputs, size)
        with torch.no_grad():
            model.eval()(torch.zeros(1, 1, size, size))
    except (RuntimeError, ValueError, AssertionError) as error:
        raise UserError(f"models: {architecture} cannot take images of {size} px: {error}") from error
    return model.train()


def _network(architecture: str, outputs: int, size: int) -> nn.Module:
    options: dict[str, Any] = {"weights": None, "num_classes": outputs}
    if architecture in ("googlenet", "inception_v3"):
        options.update(aux_logits=False, init_weights=True)
    if architecture.startswith("vit_"):
        options.update(image_size=size)
    model = torchvision.models.get_model(architecture, **options)
    _take_one_channel(model)
    return model


def _take_one_channel(model: nn.Module) -> None:
    """Replace the first convolution, which expects three channels, by one that expects one, in place."""
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels == 3:
            shape: dict[str, Any] = {"kernel_size": layer.kernel_size, "stride": layer.stride, "padding": layer.padding}
            grey = nn.Conv2d(1, layer.out_channels, **shape, bias=layer.bias is not None)
            nn.init.kaiming_normal_(grey.weight, mode="fan_out", nonlinearity="relu")
            model.set_submodule(name, grey)
            return
    raise ValueError("the network has no convolution over three channels")


def scaled(images: Tensor) -> Tensor:
    """Turn grey levels 0 to 255, any dtype, shape (images, size, size), into the model's input.

    Returns:
        float32 of shape (images, 1, size, size) on :data:`INPUT_RANGE`, in channels-last memory.
    """
    low, high = INPUT_RANGE
    grey = images.float().unsqueeze(1) * ((high - low) / 255) + low
    return grey.contiguous(memory_format=torch.channels_last)


def save_weights(path: Path, state: dict[str, Tensor], tasks: Sequence[str], architecture: str, size: int) -> None:
    """Write a state dict as safetensors, with what is needed to build its network again in the metadata."""
    # One entry, as the library writes several in an order of its own that changes from run to run.
    metadata = {METADATA: json.dumps({"architecture": architecture, "size": size, "tasks": list(tasks)})}
    tensors = {name: tensor.contiguous() for name, tensor in sorted(state.items())}
    path.write_bytes(safetensors.torch.save(tensors, metadata))


def load_model(path: Path) -> tuple[nn.Module, list[str], int]:
    """Build the network of a weights file.

    Returns:
        The model in evaluation mode, its tasks in the order of its outputs, and the size of its images.

    Raises:
        UserError: if the file is not one that CrossRay wrote.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = json.loads((file.metadata() or {})[METADATA])
        tasks, size = metadata["tasks"], metadata["size"]
        with torch.device("meta"):  # no time is spent on weights that are replaced at once
            model = _network(metadata["architecture"], len(tasks), size)
        model.load_state_dict(safetensors.torch.load_file(path), assign=True)
    except (safetensors.SafetensorError, KeyError, RuntimeError, OSError) as error:
        raise UserError(f"{path}: not the weights of a CrossRay model: {error}") from error
    return model.eval(), tasks, size
