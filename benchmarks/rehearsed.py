"""The cases of a rehearsal (:mod:`rehearse`), each called in a process of its own."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import page_cache
from measuring import ROOT, SCRIPTS, Row, forget_peak, own_mb, peak_mb
from paper_shards import MadeDataset, published_counts

if TYPE_CHECKING:
    from crossray.learning.source import Source

BATCH = {"cpu": 64, "cuda": 256}
#: what the paper's network of all data sets is not trained on: the films of MIMIC_CH with other labels
NOT_POOLED = ("MIMIC_NB",)
#: times at which memory is looked at during an epoch; what is there at the first ones does not count
LOOKS, SETTLING = 40, 8
#: MB by which memory of a process's own may seem to grow in an epoch, by the slope; batches come and go
FLAT = 25.0
SEEDS = 3

seconds = time.perf_counter


def read_an_epoch(made: Sequence[MadeDataset], reading: str, cache: str) -> list[Row]:
    """Load the pool of all data sets as a training does, and go through an epoch of its batches without a network."""
    from crossray.learning.batches import training_batches

    case = f"{reading}, {cache}"
    source, rows = _loaded(made, reading, cache)
    batches = training_batches(source.training, BATCH["cpu"], "images", 0)
    read, start, looks = page_cache.gigabytes_from_disk(), seconds(), []
    forget_peak()
    for place, (images, *_) in enumerate(batches):
        images[:, 0, 0].sum()
        if place % max(1, len(batches) // LOOKS) == 0:
            looks.append(own_mb())
    count = len(batches) * BATCH["cpu"]
    return [
        *rows,
        Row(f"epoch of batches, {case}", "CrossRay", [count / (seconds() - start)], "images/s", peak_mb()),
        Row(f"epoch of batches, {case}, of the disk", "CrossRay", [page_cache.gigabytes_from_disk() - read], "GB"),
        Row(f"epoch of batches, {case}, memory grows by", "CrossRay", [growth(looks, case)], "MB", max(looks)),
    ]


def _loaded(made: Sequence[MadeDataset], reading: str, cache: str) -> tuple["Source", list[Row]]:
    """Load the pool, every shard of which is compared with its digest; drop its pages again where cache is cold."""
    from stored import learning

    from crossray.learning.source import load_source

    _in_cache(made, cache)
    pool = [each for each in made if each.name not in NOT_POOLED]
    tasks = list(dict.fromkeys(published_counts()["task"]))
    read, start = page_cache.gigabytes_from_disk(), seconds()
    source = load_source([each.manifest for each in pool], [each.index for each in pool], learning(tasks), reading)
    spent = seconds() - start
    if cache == "cold":
        _in_cache(made, cache)
        page_cache.forget(Path(tempfile.gettempdir()).glob("crossray-shards-*/*.h5"))
    size = sum(path.stat().st_size for each in pool for path in each.shards) / 1e9
    case = f"load, {reading}, {cache}"
    return source, [
        Row(case, "CrossRay", [spent], peak_mb=peak_mb()),
        Row(f"{case}, shards", "CrossRay", [size], "GB"),
        Row(f"{case}, of the disk", "CrossRay", [page_cache.gigabytes_from_disk() - read], "GB"),
    ]


def _in_cache(made: Iterable[MadeDataset], cache: str) -> None:
    """Bring all shards into the page cache, or out of it."""
    shards = [path for each in made for path in each.shards]
    if cache == "cold":
        page_cache.forget(shards)
    else:
        page_cache.recall(shards)


def growth(looks: Sequence[float], case: str) -> float:
    """Return by how many MB memory grew over an epoch, by a straight line through the looks after the first ones.

    Raises:
        SystemExit: if that is more than :data:`FLAT`.
    """
    settled = np.array(looks[SETTLING:])
    if len(settled) < SETTLING:
        return 0.0
    found = float(np.polyfit(np.arange(len(settled)), settled, 1)[0] * len(looks))
    if found > FLAT:
        sys.exit(f"{case}: memory grows by {found:.0f} MB in an epoch, {FLAT:.0f} are allowed")
    return found


def train(made: Sequence[MadeDataset], reading: str, cache: str, folder: Path, steps: int) -> list[Row]:
    """Train an epoch, or some steps of one; the first step does not count where it is not the whole."""
    from unittest.mock import patch

    import torch
    from training import Clock

    from crossray.learning.hardware import choose_device
    from crossray.learning.models import build_model
    from crossray.learning.training import Classifier
    from crossray.learning.training import train as fit
    from crossray.study.training import TrainingRun

    device = choose_device(0)
    source, _ = _loaded(made, reading, cache)
    batch = BATCH[device.type]
    training, validation = source.training, source.validation
    if steps:
        training = replace(training, epoch=(steps + 1) * batch)
        validation = replace(validation, rows=validation.rows[:batch], labels=validation.labels[:batch],
                             datasets=validation.datasets[:batch])  # fmt: skip
    clock, looks = Clock(device), []
    network = build_model("resnet50", len(source.tasks), training.store.size)
    settings = TrainingRun(architecture="resnet50", epochs=1, tasks=tuple(source.tasks), batch_size=batch)
    work = Path(tempfile.mkdtemp(dir=folder))

    def tick(*_: object) -> None:
        clock.tick()
        looks.append(own_mb())

    start = seconds()
    with patch.object(Classifier, "on_train_batch_end", tick):
        fit(network, source.tasks, training, validation, settings, work, device, work / "log")
    spent = seconds() - start
    case = f"training, {reading}, {cache}"
    rows = [
        Row(f"{case}, image", "CrossRay", [each / batch for each in clock.seconds()], peak_mb=peak_mb()),
        Row(f"{case}, memory grows by", "CrossRay", [growth(looks[:: max(1, len(looks) // LOOKS)], case)], "MB",
            max(looks)),
    ]  # fmt: skip
    if not steps:
        rows.append(Row(f"{case}, epoch with validation", "CrossRay", [spent], peak_mb=peak_mb()))
        torch.cuda.synchronize()
    return rows


def predict(made: Sequence[MadeDataset], cache: str, steps: int) -> list[Row]:
    """Read the test images of every target as a prediction does; compute the logits of all, or of some batches."""
    import torch

    from crossray import manifest
    from crossray.learning.batches import Examples, ordered_batches
    from crossray.learning.hardware import choose_device
    from crossray.learning.models import build_model
    from crossray.learning.prediction import predict_logits
    from crossray.shards import ImageStore, with_rows
    from crossray.study.stages.inference import Inference

    torch.manual_seed(0)
    device = choose_device(0)
    batch = BATCH[device.type]
    targets = []
    for each in made:
        store = ImageStore(each.index)
        rows = with_rows(manifest.read(each.manifest), store, "test")["row"].to_numpy()
        targets.append(Examples(store, rows, np.empty((len(rows), 18), np.float32)))
    images = sum(len(target.rows) for target in targets)
    _in_cache(made, cache)
    read, start = page_cache.gigabytes_from_disk(), seconds()
    for target in targets:
        for pixels, *_ in ordered_batches(target, batch):
            pixels[:, 0, 0].sum()
    reading = images / (seconds() - start)
    read = page_cache.gigabytes_from_disk() - read
    network = build_model("resnet50", 18, targets[0].store.size)
    asked = Inference(batch_size=batch, precision="fastest")
    if steps:
        targets = [replace(target, rows=target.rows[: batch * steps], labels=target.labels[: batch * steps])
                   for target in targets[:1]]  # fmt: skip
    count, start = sum(len(target.rows) for target in targets), seconds()
    for target in targets:
        predict_logits(network, target, asked, device)
    return [
        Row(f"reading of predictions, {cache}", "CrossRay", [reading], "images/s"),
        Row(f"reading of predictions, {cache}, of the disk", "CrossRay", [read], "GB"),
        Row(f"predictions, {cache}, image", "CrossRay", [(seconds() - start) / count], peak_mb=peak_mb()),
    ]


def audit(made: Sequence[MadeDataset], folder: Path, copies: int) -> list[Row]:
    """Run the audit of patients and duplicates as a program, and see that it found every film that is another one.

    Raises:
        SystemExit: if it fails, or missed one.
    """
    import pandas as pd

    from crossray.study.stages.audit_leakage import AuditLeakage

    names = [each.name for each in made]
    settings = AuditLeakage(
        datasets=tuple(names), cohorts={each.name: each.cohort for each in made}, tested=(), overlap="move",
        duplicates="near",
    )  # fmt: skip
    command = [
        sys.executable, SCRIPTS / "audit_leakage.py", "--settings", settings.to_json(),
        "--manifests", *(each.manifest for each in made), "--indexes", *(each.index for each in made),
        "--pairs", folder / "pairs.csv", "--moves", *(folder / f"{name}.csv" for name in names),
        "--output", folder / "summary.csv",
    ]  # fmt: skip
    folder.mkdir(parents=True)
    start = seconds()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    spent = seconds() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    kinds = pd.read_csv(folder / "pairs.csv")["kind"].value_counts()
    if kinds.get("near", 0) != copies:
        sys.exit(f"the audit found {kinds.get('near', 0)} films that are another one, there are {copies}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    return [
        Row("audit", "CrossRay", [spent], peak_mb=peak),
        Row("audit, images", "CrossRay", [sum(each.images for each in made)], "images"),
        Row("audit, exact links", "CrossRay", [int(kinds.get("exact", 0))], "pairs"),
        Row("audit, inverted copies found", "CrossRay", [copies], "pairs"),
    ]


def analyse(folder: Path, share: float) -> list[Row]:
    """Run the analyses of the paper's matrix, three seeds, on this share of its test images, 1,000 resamples."""
    import analyses

    return [replace(row, case=f"analysis, {row.case}") for row in
            analyses.timed(analyses.make(folder, list(range(SEEDS)), share))]  # fmt: skip


def make_page(folder: Path) -> list[Row]:
    """Analyse, draw and typeset the study of the paper's matrix, three seeds, on few images: what does not grow."""
    sys.path.insert(0, str(ROOT / "tests"))
    from paper_scale import paper_scale

    study = paper_scale(folder, seeds=tuple(range(SEEDS))).make()
    rows = []
    for name, call in {"tables": study.analyse, "figures": study.draw, "page": study.page}.items():
        start = seconds()
        made = call()
        rows.append(Row(f"page, {name}", "CrossRay", [seconds() - start], peak_mb=peak_mb()))
    return [*rows, Row("page, file", "CrossRay", [len(made.encode()) / 1e6], "MB")]
