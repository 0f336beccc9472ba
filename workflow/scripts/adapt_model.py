"""Write a model's logits for a target's test images after each way of adapting it with some of the target's images.

What was computed before is kept in the work folder under a key of weights, images, code and settings, so that a run
that was stopped goes on from there.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.adapt_model import AdaptModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def adapt_model(arguments: Namespace) -> None:
    """Adapt with every sample in every way, and write what was not computed before."""
    import pandas as pd
    import torch

    from crossray.files import file_digest, replacing
    from crossray.learning.adaptation import LOCAL, Adaptation, samples
    from crossray.learning.hardware import choose_device
    from crossray.learning.models import load_model
    from crossray.learning.table_cache import KeptTables
    from crossray.learning.targets import Target
    from crossray.study.ways import AS_IT_IS

    torch.set_num_threads(arguments.threads)
    settings, target = arguments.settings, Target(arguments.manifest, arguments.index)
    model, tasks, _ = load_model(arguments.weights)
    calibration = _calibration(arguments, tasks)
    device = choose_device(arguments.gpus)
    job = Adaptation(model, tasks, settings, target, calibration, arguments.initial, device)
    files = [arguments.weights, *filter(None, [arguments.initial])]
    follows = [*map(file_digest, files), arguments.code, settings.to_json(), str(calibration.tolist())]
    labels = pd.util.hash_pandas_object(job.local, index=False).astype(str)
    kept = KeptTables(arguments.work, *follows, *target.key(*LOCAL, "test"), *labels)
    parts = []
    for sample in samples(job.local, settings.sizes, settings.draws, settings.draws_seed):
        for way in (AS_IT_IS, *settings.ways):
            name = f"{way}/{sample.images}-{sample.draw}"
            parts.append(kept.find(name) or kept.keep(job.adapted(sample, way), name))
    table = pd.concat(map(pd.read_parquet, parts), ignore_index=True)
    with replacing(arguments.output) as partial:
        table.astype(dict.fromkeys(("split", "way"), "category")).to_parquet(partial, index=False)
    logging.info("%s: %d local images, %d results", target.name, len(job.local), len(parts))


def _calibration(arguments: Namespace, tasks: list[str]) -> "NDArray[np.float64]":
    """Return intercept and slope of the model's logits on its source's validation split, for each task."""
    import pandas as pd

    from crossray import manifest, predictions
    from crossray.learning.adaptation import calibration_lines

    labels, logits = [], []
    for path, predicted in zip(arguments.source_manifests, arguments.validation, strict=True):
        table = predictions.read(predicted).table
        labels.append(manifest.read(path).set_index("image_id").loc[table.index].reindex(columns=tasks))
        logits.append(table[tasks])
    return calibration_lines(pd.concat(labels).to_numpy(float), pd.concat(logits).to_numpy(float))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--weights", required=True, type=Path, help="weights of the model (safetensors)")
    options.add_argument(
        "--source-manifests", required=True, type=Path, nargs="+", help="manifests of the model's training data"
    )
    options.add_argument(
        "--validation", required=True, type=Path, nargs="+", help="its predictions for their validation splits"
    )
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the target")
    options.add_argument("--index", required=True, type=Path, help="the target's index of shards")
    options.add_argument("--initial", nargs="?", type=Path, help="state dict that training starts from (default: none)")
    settings_option(options, AdaptModel)
    options.add_argument("--code", default="", help="digest of this code, part of the key of what is kept")
    options.add_argument("--work", required=True, type=Path, help="folder for what is kept")
    options.add_argument("--output", required=True, type=Path, help="logits to write (Parquet)")
    hardware_options(options)
    return run(adapt_model, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
