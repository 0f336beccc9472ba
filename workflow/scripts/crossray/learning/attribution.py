"""Attribution maps by captum, and an untrained network for comparison.

- ``grad_cam``: Selvaraju et al., Grad-CAM, ICCV 2017; evidence for the output, from a convolutional stage.
- ``integrated_gradients``: Sundararajan et al., ICML 2017, relative to a black image; each pixel's contribution, for
or against.
- ``input_gradients``: Simonyan et al., ICLR workshop 2014; the sensitivity to each pixel.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Saliency
from torch import Tensor, nn
from torchvision.transforms.functional import gaussian_blur

from crossray.errors import UserError

#: deviation of the Gaussian that maps of single pixels are smoothed with, as a share of the image's side: without it
#: the largest value is that of one noisy pixel
SMOOTHING = 0.02
#: places that a stage must have along each side of its maps to say where something is: as many as the last stage of
#: most networks has of an image of 224 px, on which the method was published
LEAST_PLACES = 7


def attribute(model: nn.Module, images: Tensor, output: int, method: str, steps: int) -> Tensor:
    """Attribute one output of a network to the pixels of images.

    Args:
        model: in evaluation mode, in float32.
        images: levels 0 to 255, shape (images, size, size) or (images, size, size, 3), on the model's device.
        output: which logit.
        method: a key of :data:`METHODS`.
        steps: of the path of integrated gradients.

    Returns:
        float32 of shape (images, size, size), from 0; each map divided by its largest value, all 0 where the method
        finds nothing.

    Raises:
        UserError: if the method needs a convolutional stage and the network has none.
    """
    maps = METHODS[method](model, images.detach().float().clone(), output, steps).detach()
    largest = maps.amax(dim=(1, 2), keepdim=True)
    return torch.where(largest > 0, maps / largest.clamp_min(torch.finfo(torch.float32).tiny), 0.0)


def _grad_cam(model: nn.Module, images: Tensor, output: int, _steps: int) -> Tensor:
    stage = last_stage(model, images[:1])
    coarse = LayerGradCam(model, stage).attribute(images, target=output, relu_attributions=True)
    return LayerAttribution.interpolate(coarse, tuple(images.shape[1:3]), "bilinear").squeeze(1)


def _integrated_gradients(model: nn.Module, images: Tensor, output: int, steps: int) -> Tensor:
    found = IntegratedGradients(model).attribute(
        images, baselines=0.0, target=output, n_steps=steps, internal_batch_size=max(len(images), steps)
    )
    return _smoothed(found.abs())


def _input_gradients(model: nn.Module, images: Tensor, output: int, _steps: int) -> Tensor:
    return _smoothed(Saliency(model).attribute(images.requires_grad_(), target=output, abs=True))


#: method -> function of model, images, output and steps
METHODS: dict[str, Callable[[nn.Module, Tensor, int, int], Tensor]] = {
    "grad_cam": _grad_cam,
    "integrated_gradients": _integrated_gradients,
    "input_gradients": _input_gradients,
}


def _smoothed(maps: Tensor) -> Tensor:
    maps = maps.sum(dim=3) if maps.ndim == 4 else maps  # of the three colours
    deviation = SMOOTHING * maps.shape[-1]
    reach = max(1, round(3 * deviation))
    return gaussian_blur(maps.detach().unsqueeze(1), [2 * reach + 1] * 2, [deviation] * 2).squeeze(1)


def last_stage(model: nn.Module, image: Tensor) -> nn.Module:
    """Return the last stage of a network that makes maps by convolution, with :data:`LEAST_PLACES` a side or more.

    A stage is a part through which all passes that comes before it: one in a row of parts, never one inside a block,
    which has branches.

    Args:
        model: in evaluation mode.
        image: one image, as the model takes it.

    Raises:
        UserError: if there is none, or attention follows it, whose outputs are no longer those of places.
    """
    outputs: dict[nn.Module, Any] = {}
    hooks = [module.register_forward_hook(lambda m, _, out: outputs.update({m: out})) for module in model.modules()]
    try:
        with torch.no_grad():
            model(image)
    finally:
        for hook in hooks:
            hook.remove()
    order = {module: place for place, module in enumerate(outputs)}
    stages = [
        part
        for part in _in_a_row(model, outputs)
        if _side(outputs.get(part)) >= LEAST_PLACES and any(isinstance(layer, nn.Conv2d) for layer in part.modules())
    ]
    last = max(stages, key=order.__getitem__, default=None)
    attention = [place for module, place in order.items() if "attention" in type(module).__name__.lower()]
    if last is None or max(attention, default=-1) > order[last]:
        raise UserError(
            "evaluation.attribution.methods: grad_cam needs a network whose last stage is convolutional, maps of "
            f"{LEAST_PLACES} x {LEAST_PLACES} places or more; this one has none at images of {image.shape[-1]} px. Use "
            "larger images, or only integrated_gradients and input_gradients"
        )
    return last


def _in_a_row(part: nn.Module, outputs: Mapping[nn.Module, Any]) -> Iterator[nn.Module]:
    """Yield the parts of a network that follow one another, looking into rows of parts and into what ends in no map."""
    yield part
    if isinstance(part, nn.Sequential | nn.ModuleList) or not _side(outputs.get(part)):
        for child in part.children():
            yield from _in_a_row(child, outputs)


def _side(output: Any) -> int:
    """Return how many places maps of shape (images, channels, places, places) have along each side; 0 for no maps."""
    is_map = isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] == output.shape[3]
    return int(output.shape[2]) if is_map else 0


def randomised(model: nn.Module, seed: int) -> nn.Module:
    """Return a copy of a network that has learnt nothing: every layer drawn anew (Adebayo et al., NeurIPS 2018).

    Layers are drawn as PyTorch draws them by default; running means of batch norm start again. On the device and in
    the mode of ``model``, which stays as it is.
    """
    fresh = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        for layer in fresh.modules():
            reset = getattr(layer, "reset_parameters", None)
            if callable(reset):
                reset()
    return fresh


def attribute_all(
    model: nn.Module, images: Tensor, outputs: Sequence[int], method: str, steps: int, batch_size: int
) -> Tensor:
    """Attribute an output of its own for each image, as :func:`attribute`, some at a time.

    Args:
        model: in evaluation mode.
        images: shape (images, size, size) or (images, size, size, 3).
        outputs: which logit, for each image.
        method: a key of :data:`METHODS`.
        steps: of the path of integrated gradients.
        batch_size: images at a time.

    Returns:
        Shape (images, size, size), on the CPU.
    """
    wanted = torch.tensor(list(outputs))
    maps = torch.zeros(images.shape[:3], dtype=torch.float32)
    device = next(model.parameters()).device
    for output in wanted.unique().tolist():
        for part in torch.nonzero(wanted == output).squeeze(1).split(batch_size):
            maps[part] = attribute(model, images[part].to(device), int(output), method, steps).cpu()
    return maps
