"""Shards and manifests as Cohen et al. (2020) had them: the structure is the paper's, pixels and labels are random.

Eight data sets with the tasks of the paper's Table A.1, its shares of positives and of images without a label, in
proportion to its sizes. Data sets of one cohort begin with the same films of the same patients, as those do that only
differ in who labelled them. Patients have two films in the mean, and one film in a thousand is another one, inverted.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import ROOT
from numpy.typing import NDArray

from crossray import manifest
from crossray.datasets.indexing import index
from crossray.files import write_json
from crossray.shards import write_shard
from crossray.study.stages.index_shards import IndexShards

#: data sets with films of others; each other one is a cohort of its own
COHORTS = {"Google": "NIH", "Kaggle": "NIH", "MIMIC_NB": "MIMIC_CH"}
IN_A_SHARD = 2000
#: of a shard's films, every so many-th is the one before it, inverted
_COPIED = 1000
_SHARES = {"train": 0.4, "validation": 0.1, "test": 0.5}


@dataclass(frozen=True)
class MadeDataset:
    """A data set that was written.

    Attributes:
        name: as in the paper's tables.
        cohort: whose patients it has.
        manifest: its table of images.
        index: its ``index.json``.
        shards: its files of pixels.
        images: their number.
    """

    name: str
    cohort: str
    manifest: Path
    index: Path
    shards: tuple[Path, ...]
    images: int


def published_counts() -> pd.DataFrame:
    """Return Table A.1: task, dataset, positive, negative."""
    return pd.read_csv(ROOT / "resources/cohen2020/tableA1_counts.csv")


def published_sizes() -> pd.Series:
    """Return for each data set how many images its most often labelled task has."""
    counts = published_counts()
    return (counts["positive"] + counts["negative"]).groupby(counts["dataset"], sort=False).max()


def write_datasets(folder: Path, images: int, size: int) -> list[MadeDataset]:
    """Write all data sets.

    Args:
        folder: where to.
        images: of all of them together, about.
        size: pixels along each side.
    """
    sizes = published_sizes()
    return [_dataset(folder / name, name, max(20, round(images * own / sizes.sum())), size)
            for name, own in sizes.items()]  # fmt: skip


def _dataset(folder: Path, name: str, images: int, size: int) -> MadeDataset:
    table = labelled(name, images)
    manifest.write(folder / "manifest.parquet", table, {})
    cohort, shards = COHORTS.get(name, name), []
    for number, start in enumerate(range(0, images, IN_A_SHARD)):
        names = table["image_id"].iloc[start : start + IN_A_SHARD]
        shards.append(folder / f"shards/{number:04}.h5")
        write_shard(shards[-1], films(cohort, number, len(names), size), list(names), size, {"dataset": name})
    facts = IndexShards(size=size, fit="crop", colour="grey", burnt_in="reject", max_rejected=0, max_missing=0)
    rejected = pd.DataFrame(columns=["image_id", "path", "reason"])
    write_json(folder / "index.json", index(shards, rejected, name, facts))
    return MadeDataset(name, cohort, folder / "manifest.parquet", folder / "index.json", tuple(shards), images)


def films(cohort: str, shard: int, images: int, size: int) -> NDArray[np.uint8]:
    """Draw the first films of a cohort's shard, noise."""
    generator = np.random.default_rng([zlib.crc32(cohort.encode()), shard])
    drawn = generator.integers(0, 256, (images, size, size), np.uint8)
    drawn[_COPIED - 1 :: _COPIED] = 255 - drawn[_COPIED - 2 :: _COPIED][: len(drawn[_COPIED - 1 :: _COPIED])]
    return drawn


def copies(datasets: Sequence[MadeDataset]) -> int:
    """Return how many films are another one, inverted; each once, in whichever data sets it stands."""
    longest: dict[str, int] = {}
    for made in datasets:
        longest[made.cohort] = max(longest.get(made.cohort, 0), made.images)
    whole, rest = IN_A_SHARD // _COPIED, IN_A_SHARD
    return sum(images // rest * whole + images % rest // _COPIED for images in longest.values())


def labelled(name: str, images: int) -> pd.DataFrame:
    """Draw a manifest: the shares of positives and of unknown labels are those of the paper's Table A.1."""
    cohort, counts = COHORTS.get(name, name), published_counts()
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    people = np.random.default_rng(zlib.crc32(cohort.encode()))
    owners = np.repeat(np.arange(images), people.geometric(0.5, images))[:images]
    table = pd.DataFrame({
        "image_id": [f"{name}{n}" for n in range(images)], "patient_id": [f"{cohort}{n}" for n in owners],
    })  # fmt: skip
    table = table.assign(
        study_id=table["image_id"], path=table["image_id"], view=generator.choice(["PA", "AP"], images),
        sex=np.where(owners % 2, "F", "M"), age=20.0 + owners % 70,
        split=manifest.split_by_patient(table["patient_id"], 0, _SHARES),
    )  # fmt: skip
    largest = published_sizes()[name]
    for row in counts[counts["dataset"] == name].itertuples():
        known = row.positive + row.negative
        drawn = (generator.random(images) < row.positive / known).astype(float)
        table[row.task] = np.where(generator.random(images) < known / largest, drawn, np.nan)
    return table
