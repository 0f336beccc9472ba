"""A training step of ResNet50 with batches of 64, at several sizes: the whole loop, beside two others.

CrossRay is timed through ``train``: shards, augmentation, autocast, loss, optimiser, TensorBoard, all that Lightning
does between two batches. ``in memory`` is the same network, precision, loss and optimiser on one batch that is already
there, without augmentation. torchxrayvision's package has no training loop, its repository's script has: one loss a
task, tqdm, float32, Adam. A loop that does the same is timed here, on images that are already there, not augmented.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
import stored
import torch
from measuring import Row, own_mb
from tqdm import tqdm

from crossray.learning.hardware import fast_precision
from crossray.learning.losses import masked_cross_entropy
from crossray.learning.models import Network, build_model
from crossray.learning.source import load_source
from crossray.learning.training import Classifier, train

TASKS = ["Atelectasis", "Cardiomegaly", "Effusion", "Nodule", "Pneumothorax"]
BATCH = 64
#: size -> rounds, and steps of a round
ON_CPU = {64: (3, 6), 128: (2, 4), 224: (2, 3)}
ON_GPU = {224: (3, 100)}
SETTINGS = {
    "architecture": "resnet50", "epochs": 1, "batch_size": BATCH, "learning_rate": 0.001, "weight_decay": 0.00001,
    "schedule": "constant", "augmentation": {"rotation": 45, "translation": 0.15, "scale": 0.15}, "freeze": 0,
    "unfreeze_every": 0, "weights": None, "balance": "images", "seed": 0, "tasks": TASKS,
}  # fmt: skip


def measure(folder: Path) -> Iterator[Row]:
    """Time steps on the CPU, and on a GPU where there is one."""
    torch.set_num_threads(torch.get_num_threads())
    yield from _on(torch.device("cpu"), ON_CPU, folder)
    if torch.cuda.is_available():
        yield from _on(torch.device("cuda", 0), ON_GPU, folder)
    else:
        print("  no GPU here: its rows are left out", flush=True)


def _on(device: torch.device, plan: dict[int, tuple[int, int]], folder: Path) -> Iterator[Row]:
    """Time each size, contenders in turn; the first step of each round does not count."""
    for size, (rounds, steps) in plan.items():
        place = folder / f"{device.type}{size}"
        # nine images in ten are for training; one step more, as the first is not timed
        written = stored.write_dataset(place, (steps + 1) * BATCH * 10 // 9 + 2, size, TASKS)
        contenders: dict[str, Callable[[], list[float]]] = {
            "CrossRay": lambda place=place, written=written: _crossray(place, written, device),
            "in memory": lambda size=size, steps=steps: _in_memory(size, steps + 1, device),
            "torchxrayvision's loop": lambda size=size, steps=steps: _like_torchxrayvision(size, steps + 1, device),
        }
        if device.type == "cpu" and size == max(plan):
            contenders["torchxrayvision's loop"] = lambda size=size: _like_torchxrayvision(size, 2, device)
        times: dict[str, list[float]] = {name: [] for name in contenders}
        peaks = dict.fromkeys(contenders, 0.0)
        for _ in range(rounds):
            for name, run in contenders.items():
                times[name] += run()
                peaks[name] = max(peaks[name], own_mb())
        for name, values in times.items():
            yield Row(f"{device.type.upper()}, {size} px, step", name, values, peak_mb=peaks[name])


def _crossray(place: Path, written: tuple[Path, Path], device: torch.device) -> list[float]:
    """Train an epoch; return the seconds between the ends of batches."""
    source = load_source([written[0]], [written[1]], TASKS)
    ends: list[float] = []

    def note(*_: object) -> None:
        _finish(device)
        ends.append(perf_counter())

    Classifier.on_train_batch_end = note  # type: ignore[method-assign]
    try:
        network = build_model("resnet50", len(TASKS), source.training.store.size)
        work = place / f"work{len(list(place.iterdir()))}"
        train(network, TASKS, source.training, source.validation, SETTINGS, work, device, place / "log")
    finally:
        del Classifier.on_train_batch_end
    return list(np.diff(ends))


def _batch(size: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (BATCH, size, size), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, 2, (BATCH, len(TASKS)), generator=generator).float()
    return images.to(device), labels.to(device)


def _optimiser(network: Network, fused: bool | None) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), 0.001, weight_decay=0.00001, amsgrad=True, fused=fused)


def _in_memory(size: int, steps: int, device: torch.device) -> list[float]:
    """Step on one batch in memory, in the precision that CrossRay takes."""
    network = build_model("resnet50", len(TASKS), size).to(device, memory_format=torch.channels_last)
    optimiser, weights = _optimiser(network, True), torch.ones(len(TASKS), device=device)
    images, labels = _batch(size, device)
    mixed = fast_precision(device) == "bf16-mixed"
    ends = []
    for _ in range(steps):
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            loss = masked_cross_entropy(network(images), labels, weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        _finish(device)
        ends.append(perf_counter())
    return list(np.diff(ends))


def _like_torchxrayvision(size: int, steps: int, device: torch.device) -> list[float]:
    """Step as torchxrayvision's script does: float32, the loss of one task after the other, a progress bar."""
    network = build_model("resnet50", len(TASKS), size).to(device)
    optimiser, weights = _optimiser(network, None), torch.ones(len(TASKS), device=device)
    images, labels = _batch(size, device)
    ends, losses = [], []
    for _ in tqdm(range(steps), disable=None):
        loss = torch.zeros(1, device=device)
        logits = network(images.float())
        for number, weight in enumerate(weights):
            known = ~torch.isnan(labels[:, number])
            each = torch.nn.functional.binary_cross_entropy_with_logits
            loss = loss + weight * each(logits[known, number], labels[known, number])
        optimiser.zero_grad()
        loss.sum().backward()
        losses.append(loss.detach().cpu().numpy())
        optimiser.step()
        _finish(device)
        ends.append(perf_counter())
    return list(np.diff(ends))


def _finish(device: torch.device) -> None:
    """Wait for a GPU, which is given work ahead."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
