"""Whether memory grows with the data: a shard of eight times the images, a training on eight times the images.

A conversion's peak is that of its program. Of a training what counts is memory of its own: pages of the mapped shards
are the cache's and leave when others need them. Each runs in a process of its own.
"""

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import films
import pandas as pd
import stored
from measuring import SCRIPTS, Row, own_mb, program

from crossray import manifest

FEW, MANY = 50, 400
SIZE = 224
TRAINED_FEW, TRAINED_MANY = 1000, 8000


def measure(folder: Path) -> Iterator[Row]:
    """Return peaks of the conversion of a few and of many films, and memory after reading batches of both."""
    films.write_film(folder / "film.dcm", "raw")
    for images in (FEW, MANY):
        yield Row(f"conversion, {images} films", "CrossRay", [_conversion(folder, images)], "MB")
    for images in (TRAINED_FEW, TRAINED_MANY):
        written = stored.write_dataset(folder / f"made{images}", images, SIZE, ["Effusion"])
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            used = pool.apply(_batches, written)
        yield Row(f"batches of {images} images", "CrossRay", [used], "MB")


def _conversion(folder: Path, images: int) -> float:
    """Return the peak of ``convert_shard.py``, in MB."""
    names = [f"i{number}" for number in range(images)]
    table = pd.DataFrame({"image_id": names, "patient_id": names, "study_id": names, "path": "film.dcm", "view": "PA"})
    manifest.write(folder / "manifest.parquet", table.assign(sex="F", age=50.0, split="train", Effusion=0.0), {})
    table.assign(file="film.dcm")[["image_id", "patient_id", "path", "file"]].to_csv(folder / "lookup.csv", index=False)
    settings = {"size": SIZE, "fit": "crop", "burnt_in": "reject", "burnt_in_areas": [], "shards": 1}
    _, peak = program(
        SCRIPTS / "convert_shard.py", "--dataset", "films", "--shard", "0", "--settings", json.dumps(settings),
        "--manifest", folder / "manifest.parquet", "--lookup", folder / "lookup.csv", "--root", folder,
        "--output", folder / "shard.h5", "--rejected", folder / "rejected.csv",
    )  # fmt: skip
    return peak


def _batches(written: Path, index: Path) -> float:
    """Go through the batches of an epoch as a training does; return this process's own memory, in MB."""
    from crossray.learning.batches import training_batches
    from crossray.learning.source import load_source

    training = load_source([written], [index], ["Effusion"]).training
    for images, _ in training_batches(training, 64, False, 0):
        images.float().mean()
    return own_mb()
