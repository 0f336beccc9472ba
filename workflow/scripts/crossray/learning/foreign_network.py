"""External networks of torchvision and timm, with their own heads, from safetensors files; and own ones as such."""

import logging
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from crossray.errors import UserError, cut, listed
from crossray.learning.initialisation import NOT_OF_THE_CLASSIFIER
from crossray.learning.models import (
    PAPER_SCALE,
    PHOTOGRAPH_SCALE,
    STANDARD,
    InputScale,
    Network,
    build_body,
    built_as,
    check_known,
    head_names,
)
from crossray.learning.onnx_network import check_outputs, scale
from crossray.study.stages.apply_network import ApplyNetwork

log = logging.getLogger(__name__)

#: input scale of an own network -> its channels and range as the settings of an external one say them
_SEEN: dict[InputScale, dict[str, Any]] = {
    PAPER_SCALE: {"channels": 1, "range": [-1024, 1024]},
    PHOTOGRAPH_SCALE: {"channels": 3, "range": None},
}


def as_external(path: Path) -> dict[str, Any]:
    """Return what somebody else needs to know of a network that was trained here, to apply it as an external one.

    Args:
        path: its weights, as training wrote them.

    Returns:
        architecture; size, pixels along each side of an image; tasks in the order of its outputs, which are logits;
        channels of its input; and range, the values of black and white, or None (:class:`ApplyNetwork`).

    Raises:
        UserError: if no external network can be like it.
    """
    built = built_as(path)
    if built["stem"] != STANDARD:
        raise UserError(
            f"{path}: has first layers for small images (stem: small), and external networks have those that were "
            "published; train one with stem: standard"
        )
    return {key: built[key] for key in ("architecture", "size", "tasks")} | _SEEN[built["scale"]]


def open_network(path: Path, settings: ApplyNetwork) -> Network:
    """Build a network and give it all its weights.

    Args:
        path: its state dict (safetensors); the head has as many outputs as it has there.
        settings: of its input and outputs.

    Returns:
        The network in evaluation mode, with all its outputs.

    Raises:
        UserError: if the file is none, or not that of such a network.
    """
    try:
        state = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path}: no file of safetensors ({cut(str(error))}); pickles are not read") from error
    for name in [name for name in state if name.startswith(NOT_OF_THE_CLASSIFIER)]:
        del state[name]
        log.info("%s: %s is left out: outputs are those of the classifier", path, cut(name))
    architecture = settings.architecture or ""
    check_known(architecture)
    head = head_names(architecture, settings.size)
    if missing := [name for name in head if name not in state]:
        raise UserError(
            f"{path}: has no {listed(missing)}, the head of a {architecture}; is it of another architecture?"
        )
    outputs = len(state[head[-1]])
    check_outputs(path, settings, outputs)
    mean, deviation = scale(settings)
    with torch.device("meta"):  # no time is spent on weights that are replaced at once
        body = build_body(architecture, outputs, settings.size, settings.channels)
    try:
        body.load_state_dict(state, assign=True)
    except RuntimeError as error:
        words = cut(" ".join(str(error).split()), 400)
        raise UserError(f"{path}: not the weights of a {architecture}: {words}") from error
    return Network(body, InputScale(tuple(mean.tolist()), tuple(deviation.tolist()))).eval()
