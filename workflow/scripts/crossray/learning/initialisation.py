"""Initial weights: random, published by torchvision or timm, another model's, or from a file."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.error import URLError

import safetensors
import safetensors.torch
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from crossray.errors import UserError, listed
from crossray.learning.models import (
    PAPER_SCALE,
    PHOTOGRAPH_SCALE,
    InputScale,
    Network,
    build_model,
    head_names,
    is_ours,
    is_torchvisions,
    size_option,
)
from crossray.seeds import derived_seed
from crossray.study.training import Start, TrainingRun

log = logging.getLogger(__name__)

#: entries under which training programs keep the state dict in a larger file
NESTED = ("state_dict", "model_state_dict", "model")
#: what wrappers put before every name
PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "backbone.")
#: parts of published files that are nothing of the classifier: outputs of training alone, thresholds of torchxrayvision
NOT_OF_THE_CLASSIFIER = ("aux", "AuxLogits.", "op_threshs")


def network_to_train(settings: TrainingRun, outputs: int, size: int, file: Path | None, channels: int = 1) -> Network:
    """Build the network of a training; random weights of a ResNet start with residual blocks that change nothing.

    The scale of each block's last batch norm starts at 0 and is learnt (Goyal et al. 2017, arXiv:1706.02677, section
    5.1), as in timm's networks. Frozen layers would keep it, so networks with some keep torchvision's start.

    Arguments, result and errors are those of :func:`initial_network`.
    """
    network = initial_network(settings, outputs, size, file, channels)
    if not (file or settings.weights or settings.freeze):
        for block in network.body.modules():
            if isinstance(block, BasicBlock | Bottleneck):
                nn.init.zeros_((block.bn3 if isinstance(block, Bottleneck) else block.bn2).weight)
    return network


def initial_network(settings: Start, outputs: int, size: int, file: Path | None, channels: int = 1) -> Network:
    """Build a network with random weights by its seed or those that ``weights`` names.

    The head is always new, as its outputs are other tasks. Weights that expect three channels get a grey image in each
    of them, scaled as photographs are; weights for one channel get the paper's scale. Random weights get as many
    channels as the images have.

    Args:
        settings: architecture, first layers, published weights and the seed of random ones.
        outputs: number of logits.
        size: pixels along each side of an image.
        file: a state dict, if ``weights`` names a file or another model.
        channels: of the images, 1 or 3.

    Returns:
        The network, in training mode.

    Raises:
        UserError: if the weights cannot be had or do not fit; the message names what is missing and unexpected.
    """
    architecture, stem = settings.architecture, settings.stem
    torch.manual_seed(derived_seed(settings.seed, "weights"))
    if file:
        state: Mapping[str, Tensor] = read_state(file)
        scale = _scale_of(state)
    elif settings.weights:
        state, scale = _published(architecture, settings.weights, size)
    else:
        return build_model(architecture, outputs, size, PAPER_SCALE if channels == 1 else PHOTOGRAPH_SCALE, stem)
    if scale.channels < channels:
        raise UserError(
            f"models: the weights {file or settings.weights} are for greyscale images; set images.colour to grey"
        )
    network = build_model(architecture, outputs, size, scale, stem)
    head = head_names(architecture, size)
    _fit(network, state, head, str(file or settings.weights), architecture)
    log.info("weights of %s; new: %s", file or settings.weights, ", ".join(head))
    return network


def _fit(network: Network, state: Mapping[str, Tensor], head: list[str], origin: str, architecture: str) -> None:
    """Load all but the head.

    Raises:
        UserError: if a name is missing or unexpected, or a shape is another.
    """
    own = network.body.state_dict()
    given = {name: value for name, value in state.items() if name not in head}
    problems = {
        "missing": [name for name in own if name not in state and name not in head],
        "unexpected": [name for name in given if name not in own],
        "of another shape": [
            f"{name} {tuple(given[name].shape)} where {tuple(own[name].shape)} is needed"
            for name in own.keys() & given.keys()
            if own[name].shape != given[name].shape
        ],
    }
    told = [f"{what}: {listed(sorted(names), 10)}" for what, names in problems.items() if names]
    if told:
        raise UserError(f"models: the weights {origin} do not fit {architecture}; {'; '.join(told)}")
    network.body.load_state_dict(own | given)


def _scale_of(state: Mapping[str, Tensor]) -> InputScale:
    """Tell from the first convolution how many channels weights expect, and so how they want them scaled."""
    first = next((value for value in state.values() if value.ndim == 4), None)
    return PHOTOGRAPH_SCALE if first is not None and first.shape[1] == 3 else PAPER_SCALE


def _published(architecture: str, name: str, size: int) -> tuple[Mapping[str, Tensor], InputScale]:
    """Return published weights by their name, from the library's own cache or the network, and their scale.

    Raises:
        UserError: if there are none of this name, or they cannot be downloaded.
    """
    if not is_torchvisions(architecture):
        return _published_by_timm(architecture, name, size)
    known = list(torchvision.models.get_model_weights(architecture))
    published = next((weights for weights in known if name == weights.name), None)
    if published is None:
        raise UserError(
            f"models: torchvision has no weights {name!r} of {architecture}; it has {listed([w.name for w in known])}"
        )
    try:
        state = published.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (URLError, OSError, RuntimeError) as error:
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        raise UserError(
            f"models: the weights {name} of {architecture} could not be had ({error}); "
            f"fetch {published.url} on a machine with a network and put it into {folder}"
        ) from error
    return _of_the_classifier(state), PHOTOGRAPH_SCALE


def _published_by_timm(architecture: str, tag: str, size: int) -> tuple[Mapping[str, Tensor], InputScale]:
    import timm

    known = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if tag not in known:
        raise UserError(f"models: timm has no weights {tag!r} of {architecture}; it has {listed(known)}")
    name = f"{architecture}.{tag}"
    try:
        network = timm.create_model(name, pretrained=True, **size_option(architecture, size))
    except Exception as error:  # the hub's client raises errors of several libraries
        raise UserError(
            f"models: the weights {name} could not be had ({type(error).__name__}: {error}); save their state dict on "
            "a machine with a network (timm.create_model, torch.save) and name the file as weights"
        ) from error
    facts = network.pretrained_cfg
    mean, deviation = (tuple(255 * value for value in facts[key]) for key in ("mean", "std"))
    return network.state_dict(), InputScale(mean, deviation)


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict without running code from it: safetensors, or what ``torch.save`` wrote.

    Raises:
        UserError: if the file is neither, or holds what cannot be weights.
    """
    try:
        if path.suffix == ".safetensors":
            content: Any = safetensors.torch.load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # what is no such file fails in many ways: as text, an archive, a damaged pickle
        raise UserError(
            f"{path}: not a state dict; CrossRay runs no code from a file, so a whole pickled model is not read: "
            "load it where you trust it, and torch.save(model.state_dict(), ...)"
        ) from error
    for name in NESTED:
        if isinstance(content, dict) and isinstance(content.get(name), dict):
            content = content[name]
    if not isinstance(content, dict) or not any(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f"{path}: holds no state dict, a name and a tensor for each weight")
    if strange := [name for name in content if not isinstance(name, str)]:
        raise UserError(f"{path}: holds no state dict: {listed(map(repr, strange))} is not the name of a weight")
    state = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    _check_values(state, path)
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return _of_the_classifier(state)


def _check_values(state: Mapping[str, Tensor], path: Path) -> None:
    """Check that weights are numbers, all of them, but where a training of ours that diverged left none.

    Raises:
        UserError: if some are not; the message names them.
    """
    strange = [name for name, value in state.items() if not _is_plain(value)]
    if strange:
        raise UserError(f"{path}: {listed(strange)} is not a real array in memory; save the weights as such")
    floating = {name: value for name, value in state.items() if value.is_floating_point()}
    wrong = [name for name, value in floating.items() if not torch.isfinite(value).all()]
    diverged = is_ours(path) and all(bool(value.isnan().all()) for value in floating.values())
    if wrong and not diverged:
        raise UserError(
            f"{path}: {len(wrong)} of {len(state)} weights have values that are not numbers: {listed(wrong)}; nothing "
            "can be learnt from them, take another file"
        )


def _is_plain(value: Tensor) -> bool:
    return value.layout == torch.strided and not (value.is_quantized or value.is_complex() or value.is_meta)


def _of_the_classifier(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.startswith(NOT_OF_THE_CLASSIFIER)}


def scale_record(network: Network) -> dict[str, Any]:
    """Return what the network sees of grey levels, for the record of a training."""
    return {"channels": network.scale.channels, **asdict(network.scale)}
