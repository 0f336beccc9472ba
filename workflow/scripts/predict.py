"""Write a model's logits for the images of targets' splits, and features of a sample of their images.

Of a linear probe the features of all images are there; its last layer alone is applied to them.

What was computed before is kept in the work folder under a key of weights, images, code and settings: where a target is
added, it alone is computed, and the other outputs come back byte for byte.
"""

import logging
import sys
from argparse import Namespace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.predict import Predict

if TYPE_CHECKING:
    from crossray.learning.predictor import Predictor


def predict(arguments: Namespace) -> None:
    """Compute requested predictions that are not in the cache."""
    import pandas as pd

    from crossray import predictions
    from crossray.errors import UserError, listed
    from crossray.files import file_digest, replacing
    from crossray.learning.features import KeptFeatures
    from crossray.learning.table_cache import KeptTables, give
    from crossray.learning.targets import Target
    from crossray.study.base import taken
    from crossray.study.stages.inference import Inference

    settings = arguments.settings
    features = {kept.dataset: kept for kept in map(KeptFeatures, arguments.features)}

    @cache
    def predictor() -> "Predictor":
        import torch

        from crossray.learning.predictor import Predictor

        torch.set_num_threads(arguments.threads)
        return Predictor(arguments.weights, settings, arguments.gpus, features)

    def computed(dataset: str) -> list[str]:
        return [features[dataset].sha256] if dataset in features else []

    targets = {target.name: target for target in map(Target, arguments.manifests, arguments.indexes)}
    if unknown := {*arguments.domains, *(path.stem for path in arguments.outputs)} - set(targets):
        raise UserError(f"no manifest and index of {listed(sorted(unknown))}; those given are of {listed(targets)}")
    inference = taken(Inference, settings).to_json()
    work = arguments.outputs[0].parents[1] / "work"
    common = file_digest(arguments.weights), arguments.code, inference
    kept = KeptTables(work, *common, write=predictions.write)
    for output in arguments.outputs:
        split, target = output.parent.name, targets[output.stem]
        name, key = f"{split}/{target.name}", [*target.key(split), *computed(target.name)]
        table = kept.find(name, *key)
        if table:
            logging.info("%s: %s images as before", target.name, split)
        give(table or kept.keep(predictor().predict(target, split), name, *key), output)
    if arguments.embeddings:
        if settings.images is None or settings.seed is None:
            raise UserError("--embeddings takes the keys images and seed of --settings")
        images, seed = settings.images, settings.seed
        sample = [str(images), str(seed)]
        parts, embedded = [], KeptTables(work, *common)
        for target in (targets[name] for name in arguments.domains):
            key = [*sample, *target.key("train", "test"), *computed(target.name)]
            name = f"embeddings/{target.name}"
            found = embedded.find(name, *key)
            parts.append(found or embedded.keep(predictor().embed(target, images, seed), name, *key))
        with replacing(arguments.embeddings) as partial:
            pd.concat(map(pd.read_parquet, parts)).to_parquet(partial, index=False)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--weights", required=True, type=Path, help="weights of the model (safetensors)")
    options.add_argument("--manifests", required=True, type=Path, nargs="+", help="manifests of the targets")
    options.add_argument("--indexes", required=True, type=Path, nargs="+", help="their indexes of shards, in order")
    options.add_argument(
        "--features", nargs="*", default=[], type=Path, help="records of features of a probe's network (default: none)"
    )
    settings_option(options, Predict)
    options.add_argument("--code", default="", help="digest of the prediction code, part of the cache key")
    options.add_argument(
        "--outputs",
        required=True,
        type=Path,
        nargs="+",
        help="predictions to write, each as FOLDER/SPLIT/TARGET.parquet; the cache is in FOLDER/work",
    )
    options.add_argument("--embeddings", nargs="?", type=Path, help="features to write (Parquet; default: none)")
    options.add_argument("--domains", nargs="*", default=[], help="targets whose images are sampled for --embeddings")
    hardware_options(options)
    return run(predict, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
