"""Networks by name from torchvision or timm, with one output per task; their input scale; their weight files."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from crossray.errors import UserError
from crossray.study.training import Start

#: the entry of a weights file's metadata that says how to build its network
METADATA = "crossray"

#: first layers of a network: as published, or for small images
STANDARD, SMALL = "standard", "small"
_NO_SMALL_STEM = "models: stem: small is for ResNets and wide ResNets of torchvision; leave it out for {}"


@dataclass(frozen=True)
class InputScale:
    """How a network sees levels 0 to 255: in each of its channels, less a mean, over a deviation."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def channels(self) -> int:
        """Input channels of the network."""
        return len(self.mean)


#: one channel on [-1024, 1024] (Cohen et al. 2020, section 2)
PAPER_SCALE = InputScale((127.5,), (255 / 2048,))
#: three channels as torchvision's weights expect them: photographs, by the mean and deviation of each colour
PHOTOGRAPH_SCALE = InputScale((0.485 * 255, 0.456 * 255, 0.406 * 255), (0.229 * 255, 0.224 * 255, 0.225 * 255))


class Network(nn.Module):
    """A classifier of torchvision or timm, the ``body``, that takes images as they are stored."""

    def __init__(self, body: nn.Module, scale: InputScale) -> None:
        super().__init__()
        self.body, self.scale = body, scale
        self.mean: Tensor
        self.deviation: Tensor
        for name, values in asdict(scale).items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (images, outputs) for levels 0 to 255, any dtype, (images, size, size) or (..., size, 3)."""
        return self.body(self.scaled(images))

    def scaled(self, images: Tensor) -> Tensor:
        """Return what the body sees: float32 (images, channels, size, size), in channels-last memory."""
        pixels = channels_first(images.float())
        return ((pixels - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)


def channels_first(images: Tensor) -> Tensor:
    """View stored images, (images, size, size) or (images, size, size, 3), as (images, 1 or 3, size, size)."""
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)


def build_model(
    architecture: str, outputs: int, size: int, scale: InputScale = PAPER_SCALE, stem: str = STANDARD
) -> Network:
    """Build a classifier with random weights.

    Args:
        architecture: name as in ``torchvision.models.list_models``, for instance ``resnet50``, else as in
            ``timm.list_models``.
        outputs: number of logits.
        size: pixels along each side of an image.
        scale: what the network is to see; one channel, or three as networks for photographs expect.
        stem: the first layers, :data:`STANDARD` as published, or :data:`SMALL` for small images.

    Returns:
        The network, in training mode.

    Raises:
        UserError: if the name is not known, the network cannot take images of this size, or it has no small stem.
    """
    check_known(architecture)
    try:
        model = Network(build_body(architecture, outputs, size, scale.channels, stem), scale)
        with torch.no_grad():
            model.eval()(torch.zeros(1, size, size))
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:
        raise UserError(f"models: {architecture} cannot take images of {size} px: {error}") from error
    return model.train()


def head_names(architecture: str, size: int) -> list[str]:
    """Return the names of the body's weights whose shape follows the number of outputs."""
    with torch.device("meta"):
        one, two = (build_body(architecture, outputs, size, 1).state_dict() for outputs in (1, 2))
    return [name for name in one if one[name].shape != two[name].shape]


def cost(settings: Start, outputs: int, size: int, channels: int) -> dict[str, int]:
    """Return a network's number of parameters and operations per image (twice the multiply-adds).

    Args:
        settings: architecture and first layers.
        outputs: number of logits.
        size: pixels along each side of an image.
        channels: of the network's input.
    """
    with torch.device("meta"), torch.no_grad():
        body = build_body(settings.architecture, outputs, size, channels, settings.stem).eval()
        with FlopCounterMode(display=False) as counter:
            body(torch.zeros(1, channels, size, size))
    return {"parameters": sum(p.numel() for p in body.parameters()), "operations": counter.get_total_flops()}


def is_torchvisions(architecture: str) -> bool:
    """Return whether torchvision has a classifier of this name; it precedes timm, which shares some names."""
    return architecture in torchvision.models.list_models(module=torchvision.models)


def check_known(architecture: str) -> None:
    """Check that torchvision or timm has a classifier of this name.

    Raises:
        UserError: if neither has; the message names some that are near.
    """
    import timm

    if not is_torchvisions(architecture) and architecture not in timm.list_models():
        known = [*torchvision.models.list_models(module=torchvision.models), *timm.list_models()]
        near = difflib.get_close_matches(architecture, known, n=5, cutoff=0.3)
        raise UserError(f"models: unknown architecture {architecture!r}; similar names are {', '.join(near)}")


def build_body(architecture: str, outputs: int, size: int, channels: int, stem: str = STANDARD) -> nn.Module:
    """Build a classifier of torchvision or timm with random weights, for what :class:`Network` scales."""
    if not is_torchvisions(architecture):
        import timm

        if stem == SMALL:
            raise UserError(_NO_SMALL_STEM.format(architecture))
        return timm.create_model(
            architecture, num_classes=outputs, in_chans=channels, **size_option(architecture, size)
        )
    options: dict[str, Any] = {"weights": None, "num_classes": outputs}
    if architecture in ("googlenet", "inception_v3"):
        options.update(aux_logits=False, init_weights=True, transform_input=False)
    if architecture.startswith("vit_"):
        options.update(image_size=size)
    model = torchvision.models.get_model(architecture, **options)
    if stem == SMALL:
        _take_small_images(model, architecture)
    if channels == 1:
        _take_one_channel(model)
    return model


def size_option(architecture: str, size: int) -> dict[str, int]:
    """Return timm's arguments for the image size: none, except for networks built for one size."""
    import timm

    settings = timm.get_pretrained_cfg(architecture, allow_unregistered=False)
    return {"img_size": size} if settings and settings.fixed_input_size else {}


def _take_small_images(model: nn.Module, architecture: str) -> None:
    """Replace a ResNet's stem, which divides each side by 4, by one that keeps it (He et al. 2016, section 4.2).

    Raises:
        UserError: if the network is no ResNet.
    """
    if not isinstance(model, torchvision.models.ResNet):
        raise UserError(_NO_SMALL_STEM.format(architecture))
    model.conv1 = nn.Conv2d(3, model.conv1.out_channels, kernel_size=3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.maxpool = nn.Identity()


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


def save_weights(
    path: Path,
    state: dict[str, Tensor],
    tasks: Sequence[str],
    architecture: str,
    size: int,
    scale: InputScale,
    stem: str = STANDARD,
) -> None:
    """Write a body's state dict as safetensors, with what is needed to build its network again in the metadata."""
    built = {
        "architecture": architecture, "stem": stem, "size": size, "tasks": list(tasks), "scale": asdict(scale)
    }  # fmt: skip
    # One entry, as the library writes several in an order of its own that changes from run to run.
    metadata = {METADATA: json.dumps(built)}
    tensors = {name: tensor.contiguous() for name, tensor in sorted(state.items())}
    path.write_bytes(safetensors.torch.save(tensors, metadata))


def is_ours(path: Path) -> bool:
    """Return whether a file is one that :func:`save_weights` wrote."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            return METADATA in (file.metadata() or {})
    except safetensors.SafetensorError:
        return False


def built_as(path: Path) -> dict[str, Any]:
    """Return how to build the network of a file that :func:`save_weights` wrote.

    Returns:
        Its architecture, stem, size of images, tasks in the order of its outputs, and input scale.

    Raises:
        KeyError, ValueError: if it wrote another.
        safetensors.SafetensorError, OSError: if it is no file of safetensors.
    """
    with safetensors.safe_open(path, "pt") as file:
        built: dict[str, Any] = json.loads((file.metadata() or {})[METADATA])
    return built | {"scale": InputScale(**{name: tuple(values) for name, values in built["scale"].items()})}


def load_model(path: Path) -> tuple[Network, list[str], int]:
    """Build the network of a weights file.

    Returns:
        The network in evaluation mode, its tasks in the order of its outputs, and the size of its images.

    Raises:
        UserError: if the file is not one that CrossRay wrote.
    """
    try:
        built = built_as(path)
        tasks, size, scale = built["tasks"], built["size"], built["scale"]
        with torch.device("meta"):  # no time is spent on weights that are replaced at once
            body = build_body(built["architecture"], len(tasks), size, scale.channels, built["stem"])
        body.load_state_dict(safetensors.torch.load_file(path), assign=True)
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
        raise UserError(f"{path}: not the weights of a CrossRay model: {error}") from error
    return Network(body, scale).eval(), tasks, size
