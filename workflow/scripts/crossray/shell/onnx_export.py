"""A network as an ONNX file that takes levels of grey, and the check that it computes what torch does."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crossray.errors import UserError
from crossray.learning.models import METADATA, Network
from crossray.shell.logits import logits_of

#: largest difference of a logit from torch's
CLOSE = 1e-4
INPUT, OUTPUT = "images", "logits"
_OPSET = 18


class _OfLevels(nn.Module):
    """A network that takes (images, channels, size, size), levels 0 to 255 as float32, and scales them itself."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.body = network.body
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", network.mean.clone())
        self.register_buffer("deviation", network.deviation.clone())

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (images, tasks)."""
        return self.body((images - self.mean) / self.deviation)


def write_onnx(path: Path, network: Network, size: int, facts: Mapping[str, Any]) -> None:
    """Write a network as ONNX: from levels 0 to 255 to logits, for any number of images.

    Args:
        path: the file to write.
        network: in evaluation mode.
        size: pixels along each side of an image.
        facts: go into the file's metadata, as JSON under ``crossray``.
    """
    import onnx

    example = torch.zeros(2, network.scale.channels, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _OfLevels(network).eval(), (example,), input_names=[INPUT], output_names=[OUTPUT], opset_version=_OPSET,
            dynamic_shapes=({0: torch.export.Dim("images")},), dynamo=True, verbose=False,
        )  # fmt: skip
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, {METADATA: json.dumps(facts, sort_keys=True)})
    model.producer_name, model.doc_string = "CrossRay", "Input: grey levels 0 to 255 as float32. Output: logits."
    onnx.checker.check_model(model)
    onnx.save(model, path)


def compare(path: Path, network: Network, images: NDArray[np.uint8]) -> float:
    """Return the largest difference of a logit between an ONNX file and torch, in float32, for batches of any size.

    Args:
        path: the file.
        network: what was exported.
        images: shape (images, size, size), or (images, size, size, 3).

    Raises:
        UserError: if it is more than :data:`CLOSE`.
    """
    expected = logits_of(network, images)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    seen = levels(images, network.scale.channels)
    found = [session.run(None, {INPUT: part})[0] for part in (seen[:1], seen[1:]) if len(part)]
    apart = float(np.abs(np.concatenate(found) - expected).max())
    if not apart <= CLOSE:
        raise UserError(
            f"{path}: onnxruntime {onnxruntime.__version__} gives logits that differ from torch's by up to {apart:.1e}"
            f", more than {CLOSE:g}; nothing is written. Please report it with the architecture"
        )
    return apart


def levels(images: NDArray[np.uint8], channels: int) -> NDArray[np.float32]:
    """Return images as the ONNX file takes them: float32 (images, channels, size, size)."""
    planes = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
    return np.repeat(planes, channels, axis=1).astype(np.float32) if planes.shape[1] == 1 else planes.astype(np.float32)
