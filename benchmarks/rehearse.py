"""Run what a study of the paper's size needs, on shards as large as its own: ``make rehearse``.

    python benchmarks/rehearse.py                      # 200,000 images where there is a GPU, else 20,000
    python benchmarks/rehearse.py --images 5000 --parts reading audit

Pixels are noise; labels, patients and data sets have the structure of the paper's (:mod:`paper_shards`). On a GPU whole
epochs are trained, on a CPU some steps of one, and docs/rehearsal.md says so. Each case runs in a process of its own,
with the shards in the page cache (warm) or dropped from it (cold). What is read of the disk is counted, so that cold is
known to have been cold. Memory of a process's own must not grow while it goes through an epoch, or the rehearsal fails.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import measuring
from measuring import Row

RESULTS = measuring.RESULTS / "rehearsal"
PARTS = ("reading", "training", "prediction", "audit", "analyses", "page")
READINGS = ("mapped", "memory", "local")
CACHES = ("cold", "warm")
ON_GPU, ON_CPU = 200_000, 20_000
#: images of the paper's tables, of which a rehearsal has a share
OF_THE_PAPER = 249_855


def rehearse(folder: Path, images: int, size: int, steps: int, parts: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """Run the parts, one after the other.

    Args:
        folder: for shards and all else, a tenth more than images x size x size bytes; twice that where shards are
            copied.
        images: of all data sets together.
        size: pixels along each side.
        steps: of a training; 0 for all steps of an epoch.
        parts: of :data:`PARTS`.

    Yields:
        Each part with its rows.
    """
    import rehearsed
    from paper_shards import copies, write_datasets

    made = write_datasets(folder / "made", images, size) if {*parts} - {"analyses", "page"} else []
    every = [*itertools.product(READINGS, CACHES)]
    mapped = [(reading, cache) for reading, cache in every if reading == "mapped"]
    cases: dict[str, list[tuple[Callable[..., list[Row]], tuple[object, ...]]]] = {
        "reading": [(rehearsed.read_an_epoch, (made, *ways)) for ways in every],
        "training": [(rehearsed.train, (made, *ways, folder, steps)) for ways in (mapped if steps else every)],
        "prediction": [(rehearsed.predict, (made, cache, steps)) for cache in CACHES],
        "audit": [(rehearsed.audit, (made, folder / "leakage", copies(made)))],
        "analyses": [(rehearsed.analyse, (folder / "analyses", images / OF_THE_PAPER))],
        "page": [(rehearsed.make_page, (folder / "page",))],
    }
    for part in parts:
        yield part, [row for call, arguments in cases[part] for row in _alone(call, *arguments)]


def _alone(call: Callable[..., list[Row]], *arguments: object) -> list[Row]:
    """Call a function in a new process, whose copies of shards and temporary files go with it."""
    with (
        tempfile.TemporaryDirectory(prefix="crossray-rehearsal-") as temporary,
        patch.dict(os.environ, TMPDIR=temporary),
        multiprocessing.get_context("spawn").Pool(1) as pool,
    ):
        return pool.apply(call, arguments)


def main() -> int:
    """Parse the command line, run the parts, and write the table of each in benchmarks/results/rehearsal."""
    import run
    import torch

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu = torch.cuda.is_available()
    options.add_argument("--images", type=int, default=ON_GPU if gpu else ON_CPU, help="of all data sets (%(default)s)")
    options.add_argument("--size", type=int, default=224, help="pixels along each side (%(default)s)")
    options.add_argument("--steps", type=int, default=0 if gpu else 4, help="of a training; 0: an epoch (%(default)s)")
    options.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options.add_argument("--folder", type=Path, help="where shards go, on the disk that is asked about")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossray-rehearsal-", dir=arguments.folder) as folder:
        free, needed = shutil.disk_usage(folder).free, 2.2 * arguments.images * arguments.size**2
        if free < needed:
            options.error(f"{folder}: {free / 1e9:.0f} GB are free, {needed / 1e9:.0f} GB are needed; name a --folder")
        facts = run.machine() | {"images": arguments.images, "size": arguments.size, "steps": arguments.steps}
        facts |= {"load": round(os.getloadavg()[0], 1)}
        asked = (arguments.images, arguments.size, arguments.steps, arguments.parts)
        for part, rows in rehearse(Path(folder), *asked):
            measuring.write(RESULTS / f"{part}.csv", rows)
            (RESULTS / f"{part}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(measuring.SCRIPTS))
    sys.exit(main())
