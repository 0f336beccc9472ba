"""Made-up data sets for benchmarks that begin at shards: noise as pixels, an index, a manifest with random labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from crossray import manifest
from crossray.datasets.indexing import index
from crossray.files import write_json
from crossray.shards import write_shard
from crossray.study.stages.index_shards import IndexShards
from crossray.study.training import TrainingRun


def write_dataset(folder: Path, images: int, size: int, tasks: list[str]) -> tuple[Path, Path]:
    """Write a data set of one shard; nine images in ten for training.

    Returns:
        Its manifest and its index.
    """
    generator = np.random.default_rng(0)
    names = [f"i{number}" for number in range(images)]
    pixels = (generator.integers(0, 256, (size, size), np.uint8) for _ in names)
    write_shard(folder / "shards/0000.h5", pixels, names, size, {"dataset": "made"})
    facts = IndexShards(size=size, fit="crop", colour="grey", burnt_in="reject", max_rejected=0, max_missing=0)
    rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
    write_json(folder / "index.json", index([folder / "shards/0000.h5"], rejected, "made", facts))
    table = pd.DataFrame({"image_id": names, "patient_id": names, "study_id": names, "path": names})
    table = table.assign(view="PA", sex="F", age=50.0, split=np.where(np.arange(images) % 10, "train", "validation"))
    for task in tasks:
        table[task] = generator.integers(0, 2, images).astype(float)
    manifest.write(folder / "manifest.parquet", table, {})
    return folder / "manifest.parquet", folder / "index.json"


def learning(tasks: Sequence[str]) -> TrainingRun:
    """Return what a source is told of a training."""
    return TrainingRun(architecture="resnet50", tasks=tuple(tasks))
