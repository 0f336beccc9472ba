"""Extract features of a data set's test images: from an encoder not trained on labels, and of the acquisition.

The study's own models describe them too, if they are given: by what goes into their last layer.

What explains losses elsewhere compares these descriptions between data sets.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.describe_images import DescribeImages


def describe_images(arguments: Namespace) -> None:
    """Draw images of the test split, and describe them."""
    import pandas as pd
    import torch

    from crossray import manifest
    from crossray.errors import UserError
    from crossray.files import replacing
    from crossray.learning.description import ENCODER, RANDOM, describe, describe_by_models, sample
    from crossray.learning.hardware import choose_device
    from crossray.learning.initialisation import initial_network
    from crossray.learning.models import load_model
    from crossray.shards import ImageStore
    from crossray.study.evaluation import MODELS
    from crossray.study.training import Start

    torch.set_num_threads(arguments.threads)
    settings = arguments.settings
    store = ImageStore(arguments.index)
    store.check()
    rows = sample(manifest.read(arguments.manifest), store, settings.images, settings.seed)
    if rows.empty:
        raise UserError(f"{arguments.manifest}: no image in the split test; a target needs some, raise its share")
    named = None if settings.encoder in (RANDOM, MODELS) or arguments.weights else settings.encoder
    start = Start(architecture=ENCODER, weights=named, seed=settings.seed)
    encoder = initial_network(start, 1, store.size, arguments.weights, store.channels)
    device = choose_device(arguments.gpus)
    table = describe(encoder, store, rows, settings, device)
    if arguments.models:
        networks = {"/".join(path.parts[-4:-2]): load_model(path)[0] for path in arguments.models}
        places = rows["row"].to_numpy()
        table = pd.concat([table, describe_by_models(networks, store, places, settings, device, settings.seed)], axis=1)
    with replacing(arguments.output) as partial:
        table.to_parquet(partial, index=False)
    logging.info("%d images of %s, %d numbers each", len(table), store.dataset, table.shape[1] - 1)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the data set")
    options.add_argument("--index", required=True, type=Path, help="its index of shards")
    options.add_argument(
        "--weights", nargs="?", type=Path, help="state dict of the encoder (safetensors or torch.save; default: none)"
    )
    options.add_argument(
        "--models", nargs="*", default=[], type=Path,
        help="weights of the study's own models, MODEL/SOURCE/SEED/weights.safetensors (default: none)",
    )  # fmt: skip
    settings_option(options, DescribeImages)
    options.add_argument("--output", required=True, type=Path, help="descriptions to write (Parquet)")
    hardware_options(options)
    return run(describe_images, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
