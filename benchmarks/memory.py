"""Whether memory grows with the data: a shard of eight times the images, a training on eight times the images.

Of a conversion the peak counts. Of a training what counts is memory of its own: pages of the mapped shards
are the cache's and leave when others need them. Each runs in a process of its own.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path

import films
import stored
from conversion import convert_copies
from measuring import Row, own_mb, peak_mb

FEW, MANY = 50, 400
SIZE = 224
TRAINED_FEW, TRAINED_MANY = 1000, 8000


def measure(folder: Path) -> Iterator[Row]:
    """Return peaks of the conversion of a few and of many films, and memory after reading batches of both."""
    film = films.write_film(folder / "film.dcm", "raw")
    for images in (FEW, MANY):
        used = _alone(_conversion, film, images, folder / "shard.h5")
        yield Row(f"conversion, {images} films", "CrossRay", [used], "MB")
    for images in (TRAINED_FEW, TRAINED_MANY):
        written = stored.write_dataset(folder / f"made{images}", images, SIZE, ["Effusion"])
        yield Row(f"batches of {images} images", "CrossRay", [_alone(_batches, *written)], "MB")


def _alone(call: Callable[..., float], *arguments: object) -> float:
    """Call a function in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(call, arguments)


def _conversion(film: Path, images: int, shard: Path) -> float:
    """Convert a film many times; return the peak of this process, in MB."""
    convert_copies(film, images, shard)
    return peak_mb()


def _batches(written: Path, index: Path) -> float:
    """Go through the batches of an epoch as a training does; return this process's own memory, in MB."""
    from crossray.learning.batches import training_batches
    from crossray.learning.source import load_source

    training = load_source([written], [index], stored.learning(["Effusion"])).training
    for images, *_ in training_batches(training, 64, "images", 0):
        images.float().mean()
    return own_mb()
