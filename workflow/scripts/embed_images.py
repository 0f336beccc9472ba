"""Write what a model makes of a sample of each target's images before its last layer: a feature vector an image."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.embed_images import EmbedImages


def embed_images(arguments: Namespace) -> None:
    """Draw images of the training and test splits, and embed them."""
    import pandas as pd
    import torch

    from crossray import manifest
    from crossray.files import replacing
    from crossray.learning.hardware import choose_device
    from crossray.learning.models import load_model
    from crossray.learning.prediction import embed
    from crossray.shards import ImageStore, sample_rows

    torch.set_num_threads(arguments.threads)
    settings = arguments.settings
    model, _, _ = load_model(arguments.weights)
    device = choose_device(arguments.gpus)
    parts = []
    for path, index in zip(arguments.manifests, arguments.indexes, strict=True):
        store = ImageStore(index)
        rows = sample_rows(manifest.read(path), store, settings.images, settings.seed)
        features = embed(model, store, rows["row"].to_numpy(), settings, device)
        named = rows[["image_id", "split"]].assign(dataset=store.dataset)
        parts.append(pd.concat([named, pd.DataFrame(features).add_prefix("feature ")], axis=1))
        logging.info("%d images of %s, %d features", len(rows), store.dataset, features.shape[1])
    with replacing(arguments.output) as partial:
        pd.concat(parts).to_parquet(partial, index=False)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--weights", required=True, type=Path, help="weights of the model (safetensors)")
    options.add_argument("--manifests", required=True, type=Path, nargs="+", help="manifests of the targets")
    options.add_argument("--indexes", required=True, type=Path, nargs="+", help="their indexes of shards, in order")
    settings_option(options, EmbedImages)
    options.add_argument("--output", required=True, type=Path, help="features to write (Parquet)")
    hardware_options(options)
    return run(embed_images, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
