"""Compute what a frozen network makes of every image of a data set: the input of its last layer.

Linear probes are fitted on it and predict from it, whatever they are fitted to.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.compute_features import ComputeFeatures

#: images that are held in memory at a time, besides a batch
AT_A_TIME = 4096


def compute_features(arguments: Namespace) -> None:
    """Compute the features some images at a time, and write them and their record."""
    import numpy as np
    import torch

    from crossray.files import write_json
    from crossray.learning.features import describe_file, frozen_digest, probed_layer, write_features
    from crossray.learning.hardware import choose_device, precision
    from crossray.learning.initialisation import initial_network
    from crossray.learning.prediction import embed
    from crossray.shards import ImageStore

    torch.set_num_threads(arguments.threads)
    settings, device = arguments.settings, choose_device(arguments.gpus)
    store = ImageStore(arguments.index)
    store.check()
    network = initial_network(settings, 1, store.size, arguments.initial, store.channels).eval()
    layer = probed_layer(network, settings.architecture, store.size)
    digest, width = frozen_digest(network), layer.in_features
    places = [np.arange(len(store))[start : start + AT_A_TIME] for start in range(0, len(store), AT_A_TIME)]
    parts = (embed(network, store, rows, settings, device) for rows in places)
    write_features(arguments.output, store.image_ids, width, parts)
    facts = {"dataset": store.dataset, "images": len(store), "features": width, "size": store.size}
    record = describe_file(
        arguments.output, **facts, channels=store.channels, network=digest, settings=settings.as_dict(),
        precision=precision(settings.precision, device),
    )  # fmt: skip
    write_json(arguments.record, record)
    logging.info("%s: %d features of %d images, on %s", store.dataset, width, len(store), device)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--index", required=True, type=Path, help="index of the data set's shards")
    options.add_argument(
        "--initial", nargs="?", type=Path, help="state dict of the network (safetensors or torch.save; default: none)"
    )
    settings_option(options, ComputeFeatures)
    options.add_argument("--output", required=True, type=Path, help="features to write (HDF5)")
    options.add_argument("--record", required=True, type=Path, help="JSON to write: their digest and the network's")
    hardware_options(options)
    return run(compute_features, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
