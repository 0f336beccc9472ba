"""Train one network on several data sets with one output per data set and task, and write its weight vectors.

Cohen et al. 2020, section 6. A run that was stopped continues from its last checkpoint in the work folder.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import training_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.train_shared_heads import TrainSharedHeads


def train_shared_heads(arguments: Namespace) -> None:
    """Train the model unless it is already trained; a lock keeps other processes from training it."""
    from crossray.learning.checkpoints import train_once

    train_once("train_shared_heads", arguments, [arguments.vectors, arguments.history], _train_and_write)


def _train_and_write(arguments: Namespace, key: str) -> None:
    """Train, write the vectors, the record last, and only then drop the checkpoints."""
    import pandas as pd
    import torch

    from crossray.files import replacing
    from crossray.learning.finished_training import write_history_and_record
    from crossray.learning.hardware import choose_device
    from crossray.learning.heads import distance_penalty, output_weights, with_own_outputs
    from crossray.learning.initialisation import network_to_train
    from crossray.learning.processes import is_first
    from crossray.learning.source import load_source
    from crossray.learning.training import train

    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.gpus)
    settings = arguments.settings
    loaded = load_source(arguments.manifests, arguments.indexes, settings, arguments.reading)
    source, outputs = with_own_outputs(loaded)
    logging.info("%d outputs over %s, penalty %g", len(outputs), " and ".join(source.datasets), settings.penalty)
    pixels = source.training.store
    network = network_to_train(settings, len(outputs), pixels.size, arguments.initial, pixels.channels)
    best = train(
        network, source.tasks, source.training, source.validation, settings, arguments.checkpoint_dir / key, device,
        arguments.tensorboard, distance_penalty(list(outputs["task"]), settings.penalty), arguments.checkpoint_every,
    )  # fmt: skip
    if not is_first():
        return
    network.body.load_state_dict(best.best)
    vectors = pd.DataFrame(output_weights(network, len(outputs)).detach().float().numpy())
    with replacing(arguments.vectors) as partial:
        pd.concat([outputs, vectors.add_prefix("weight ")], axis=1).to_parquet(partial, index=False)
    write_history_and_record(arguments, "shared heads", key, source, best, device, arguments.vectors, network)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, TrainSharedHeads)
    options.add_argument("--vectors", required=True, type=Path, help="weight vectors to write (Parquet)")
    training_options(options)
    return run(train_shared_heads, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
