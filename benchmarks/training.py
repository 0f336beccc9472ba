"""A training step of ResNet50 with batches of 64, at several sizes: the whole loop, beside two others.

CrossRay is timed through ``train``: shards, augmentation, autocast, loss, optimiser, TensorBoard, all that Lightning
does between two batches. ``in memory`` is the same network, precision, loss and optimiser on one batch that is already
there, without augmentation. torchxrayvision's package has no training loop, its repository's script has: one loss a
task, tqdm, float32, Adam. A loop that does the same is timed here, on images that are already there, not augmented.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import numpy as np
import stored
import torch
from measuring import Row, own_mb
from tqdm import tqdm

from crossray.learning.hardware import precision
from crossray.learning.losses import MaskedLoss
from crossray.learning.models import Network, build_model
from crossray.learning.source import load_source
from crossray.learning.training import Classifier, train
from crossray.study.training import TrainingRun

TASKS = ["Atelectasis", "Cardiomegaly", "Effusion", "Nodule", "Pneumothorax"]
BATCH = 64
#: size -> rounds, and steps of a round
ON_CPU = {64: (3, 6), 128: (2, 4), 224: (2, 2)}
#: device, size -> steps of the slowest contender, the first of which does not count
SLOW = {("cpu", 224): 2}
#: device -> steps after which it is waited for
SYNCHRONISED = {"cpu": 1, "cuda": 10}
SETTINGS = TrainingRun(
    architecture="resnet50", epochs=1, tasks=tuple(TASKS), task_weights="none",
)  # fmt: skip


def measure(folder: Path) -> Iterator[Row]:
    """Time steps on the CPU."""
    yield from on_device(torch.device("cpu"), ON_CPU, BATCH, folder)


def on_device(device: torch.device, plan: dict[int, tuple[int, int]], batch: int, folder: Path) -> Iterator[Row]:
    """Time each size, contenders in turn; the first steps of each round do not count.

    Args:
        device: where to train.
        plan: size in pixels -> rounds, and steps of a round that count.
        batch: images of a step.
        folder: for data and checkpoints.
    """
    for size, (rounds, counted) in plan.items():
        place = folder / f"{size}"
        steps = counted + SYNCHRONISED[device.type]
        slow = min(steps, SLOW.get((device.type, size), steps))
        # nine images in ten are for training
        written = stored.write_dataset(place, steps * batch * 10 // 9 + 2, size, TASKS)
        contenders: dict[str, Callable[[], list[float]]] = {
            "CrossRay": partial(_crossray, place, written, batch, device),
            "in memory": partial(_in_memory, size, steps, batch, device),
            "torchxrayvision's loop": partial(_like_torchxrayvision, size, slow, batch, device),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        peaks = dict.fromkeys(contenders, 0.0)
        for _ in range(rounds):
            for name, run in contenders.items():
                times[name] += run()
                peaks[name] = max(peaks[name], own_mb())
        for name, values in times.items():
            yield Row(f"{device.type.upper()}, {size} px, step", name, values, peak_mb=peaks[name])


class Clock:
    """Notes the ends of steps; a GPU is given work ahead and waited for every few steps."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.every = device, SYNCHRONISED[device.type]
        self.steps = 0
        self.ends: list[float] = []

    def tick(self, *_: object) -> None:
        """Note the end of a step."""
        self.steps += 1
        if self.steps % self.every == 0:
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            self.ends.append(perf_counter())

    def seconds(self) -> list[float]:
        """Return the seconds of a step."""
        return [float(spent) / self.every for spent in np.diff(self.ends)]


def _crossray(place: Path, written: tuple[Path, Path], batch: int, device: torch.device) -> list[float]:
    """Train an epoch; return the seconds between the ends of steps."""
    source = load_source([written[0]], [written[1]], stored.learning(TASKS))
    clock = Clock(device)
    with patch.object(Classifier, "on_train_batch_end", lambda *_: clock.tick()):
        network = build_model("resnet50", len(TASKS), source.training.store.size)
        work = Path(tempfile.mkdtemp(dir=place))
        settings = replace(SETTINGS, batch_size=batch)
        train(network, TASKS, source.training, source.validation, settings, work, device, work / "log")
    return clock.seconds()


def _batch(size: int, batch: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (batch, size, size), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 2, (batch, len(TASKS)), generator=generator).float()
    return images.to(device), labels.to(device)


def _optimiser(network: Network, fused: bool | None) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), 0.001, weight_decay=0.00001, amsgrad=True, fused=fused)


def _in_memory(size: int, steps: int, batch: int, device: torch.device) -> list[float]:
    """Step on one batch in memory, in the precision that CrossRay takes."""
    network = build_model("resnet50", len(TASKS), size).to(device, memory_format=torch.channels_last)
    optimiser = _optimiser(network, True)
    images, labels = _batch(size, batch, device)
    compare = MaskedLoss(labels.cpu().numpy(), SETTINGS).to(device)
    mixed = precision("fastest", device) == "bf16-mixed"
    clock = Clock(device)
    for _ in range(steps):
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            loss = compare(network(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        clock.tick()
    return clock.seconds()


def _like_torchxrayvision(size: int, steps: int, batch: int, device: torch.device) -> list[float]:
    """Step as torchxrayvision's script does: float32, the loss of one task after the other, a progress bar."""
    network = build_model("resnet50", len(TASKS), size).to(device)
    optimiser, weights = _optimiser(network, None), torch.ones(len(TASKS), device=device)
    images, labels = _batch(size, batch, device)
    entropy = torch.nn.BCEWithLogitsLoss()
    clock = Clock(device)
    losses = []
    for _ in tqdm(range(steps)):
        logits = network(images.float())
        loss = torch.zeros((), device=device)
        for number, weight in enumerate(weights):
            known = ~torch.isnan(labels[:, number])
            loss = loss + weight * entropy(logits[known, number], labels[known, number])
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
        optimiser.step()
        clock.tick()
    return clock.seconds()
