"""The training step of :mod:`training` on a GPU, with batches of 256 at 224 px."""

from collections.abc import Iterator
from pathlib import Path

import torch
from measuring import Row
from training import on_device

BATCH = 256
#: size -> rounds, and steps of a round
PLAN = {224: (3, 60)}


def measure(folder: Path) -> Iterator[Row]:
    """Time steps on the first GPU."""
    yield from on_device(torch.device("cuda", 0), PLAN, BATCH, folder)
