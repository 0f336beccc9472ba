"""What eight models on eight targets read: shards made once, beside decoding DICOM for every pair.

The networks themselves are left out, both ways need them alike. Times are for an image of a pair.
"""

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import films
import numpy as np
from conversion import convert_copies, with_scikit_image
from measuring import Row, interleaved, missing

from crossray.datasets.indexing import index
from crossray.files import write_json
from crossray.images import load_square
from crossray.learning.batches import Examples, ordered_batches
from crossray.shards import ImageStore
from crossray.study.stages.index_shards import IndexShards

MODELS = TARGETS = 8
IMAGES = 32
DECODED = 1
REPETITIONS = 3


def measure(folder: Path) -> Iterator[Row]:
    """Time CrossRay's way, and two that decode again: with its own decoder, and as is usual."""
    path = films.write_film(folder / "film.dcm", "raw")
    contenders: dict[str, Callable[[], object]] = {
        "CrossRay, shards": partial(_sharded, path, folder),
        "CrossRay, decoding each time": partial(_decoded, partial(load_square, path, 224)),
    }
    if not missing("skimage") and importlib.util.find_spec("skimage"):
        contenders["pydicom and scikit-image"] = partial(_decoded, partial(with_scikit_image, path))
    counts = dict.fromkeys(contenders, MODELS * TARGETS * DECODED) | {"CrossRay, shards": MODELS * TARGETS * IMAGES}
    yield from interleaved("8 x 8 pairs, image of a pair", contenders, REPETITIONS, counts)


def _sharded(path: Path, folder: Path) -> None:
    """Convert every target once, then read it for every model."""
    import pandas as pd

    facts = IndexShards(size=224, fit="crop", colour="grey", burnt_in="reject", max_rejected=0, max_missing=0)
    rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
    for target in range(TARGETS):
        shard = folder / f"{target}/shards/0000.h5"
        convert_copies(path, IMAGES, shard)
        write_json(folder / f"{target}/index.json", index([shard], rejected, "films", facts))
        for _ in range(MODELS):
            store = ImageStore(folder / f"{target}/index.json")
            store.check()
            examples = Examples(store, np.arange(IMAGES), np.empty((IMAGES, 1), np.float32))
            assert sum(len(images) for images, *_ in ordered_batches(examples, 64)) == IMAGES


def _decoded(decode: Callable[[], object]) -> None:
    """Decode an image of every target for every model."""
    for _ in range(MODELS * TARGETS * DECODED):
        decode()
