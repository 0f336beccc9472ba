"""What decides a training, and the facts of whatever was learnt, which stand beside it."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torchvision

from crossray.code_version import code_version
from crossray.files import file_digest, text_digest
from crossray.learning.initialisation import scale_record
from crossray.learning.models import Network, cost
from crossray.learning.source import Source
from crossray.study.base import Settings
from crossray.study.training import Start


def training_key(program: str, settings: Settings, files: Sequence[Path]) -> str:
    """Return a digest of all that decides a training's result: settings, code, and the bytes of its inputs."""
    return text_digest(settings.to_json(), code_version(program), *map(file_digest, files))[:16]


def learnt_record(
    name: str,
    key: str,
    source: Source,
    settings: Start,
    device: torch.device,
    result: Path,
    network: Network,
    initial: Path | None,
) -> dict[str, Any]:
    """Facts of whatever was learnt, in steps or at once.

    Weights that were read from a file are named by their digest.

    The digest of ``result``, the file that was learnt, makes this small file another one whenever that is another one.
    """
    processor = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "source": name,
        "key": key,
        "sha256": file_digest(result),
        "datasets": source.datasets,
        "tasks": source.tasks,
        "notes": source.notes,
        "images": {"train": len(source.training.rows), "validation": len(source.validation.rows)},
        "size": source.training.store.size,
        "input": scale_record(network),
        "cost": cost(settings, len(source.tasks), source.training.store.size, network.scale.channels),
        "weights": file_digest(initial) if initial else settings.weights,
        "settings": settings.as_dict(),
        "device": {"type": device.type, "name": processor, "threads": torch.get_num_threads()},
        "versions": {module.__name__: module.__version__ for module in (torch, torchvision)},
    }
