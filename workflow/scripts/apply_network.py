"""Write the outputs of an external network for the images of a split. Network files are not executed."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.apply_network import ApplyNetwork


def apply_network(arguments: Namespace) -> None:
    """Open the network, apply it, write."""
    import pandas as pd

    from crossray import predictions
    from crossray.learning.targets import Target
    from crossray.shards import with_rows

    settings, target = arguments.settings, Target(arguments.manifest, arguments.index)
    rows = with_rows(target.table, target.store, arguments.split)
    if settings.architecture:
        import numpy as np
        import torch

        from crossray.learning.batches import Examples
        from crossray.learning.foreign_network import open_network as open_torch
        from crossray.learning.hardware import choose_device
        from crossray.learning.prediction import predict_logits

        torch.set_num_threads(arguments.threads)
        network = open_torch(arguments.network, settings)
        examples = Examples(target.store, rows["row"].to_numpy(), np.empty((len(rows), 1), np.float32))
        every = predict_logits(network, examples, settings, choose_device(arguments.gpus))
        outputs = every[:, list(settings.tasks.values())] if len(rows) else every[:, :0]
    else:
        from crossray.learning.onnx_network import apply, open_network

        session = open_network(arguments.network, settings, arguments.threads)
        outputs = apply(session, target.store, rows["row"].to_numpy(), settings)
    table = pd.DataFrame(outputs, columns=list(settings.tasks)[: outputs.shape[1]])
    table.insert(0, "image_id", rows["image_id"])
    predictions.write(arguments.output, table, settings.output)
    logging.info("%s: %d %s images, %d tasks", target.name, len(table), arguments.split, len(settings.tasks))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--network", required=True, type=Path, help="file of ONNX, or a state dict (safetensors)")
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the data set in the study")
    options.add_argument("--index", required=True, type=Path, help="index of its shards")
    options.add_argument("--split", required=True, help="validation or test")
    settings_option(options, ApplyNetwork)
    options.add_argument("--output", required=True, type=Path, help="predictions to write (Parquet)")
    hardware_options(options)
    return run(apply_network, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
