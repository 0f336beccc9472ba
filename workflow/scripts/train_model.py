"""Train one network on one source, a data set or several together; keep the epoch with the best mean validation AUC.

A run that was stopped continues from its newest whole checkpoint in the work folder, if settings, code and data are the
same. Shards are compared with the digests of their index first.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import training_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.train_model import TrainModel


def train_model(arguments: Namespace) -> None:
    """Train the model unless it is already trained; a lock keeps other processes from training it."""
    from crossray.learning.checkpoints import train_once

    train_once("train_model", arguments, [arguments.weights, arguments.history], _train_and_write)


def _train_and_write(arguments: Namespace, key: str) -> None:
    """Train, write the results, the record last, and only then drop the checkpoints."""
    import torch

    from crossray.files import replacing
    from crossray.learning.finished_training import write_history_and_record
    from crossray.learning.hardware import choose_device
    from crossray.learning.initialisation import network_to_train
    from crossray.learning.models import save_weights
    from crossray.learning.processes import is_first
    from crossray.learning.source import load_source
    from crossray.learning.training import train

    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.gpus)
    settings = arguments.settings
    source = load_source(arguments.manifests, arguments.indexes, settings, arguments.reading)
    logging.info(
        "%d training and %d validation images of %s, tasks: %s, on %s",
        len(source.training.rows),
        len(source.validation.rows),
        " and ".join(source.datasets),
        ", ".join(source.tasks),
        device,
    )
    pixels = source.training.store
    network = network_to_train(settings, len(source.tasks), pixels.size, arguments.initial, pixels.channels)
    best = train(
        network, source.tasks, source.training, source.validation, settings, arguments.checkpoint_dir / key, device,
        arguments.tensorboard, checkpoint_every=arguments.checkpoint_every,
    )  # fmt: skip
    if not is_first():
        return
    with replacing(arguments.weights) as partial:
        save_weights(partial, best.best, source.tasks, settings.architecture, pixels.size, network.scale, settings.stem)
    write_history_and_record(arguments, arguments.source, key, source, best, device, arguments.weights, network)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, TrainModel)
    options.add_argument("--source", required=True, help="name of the source")
    options.add_argument("--weights", required=True, type=Path, help="weights to write (safetensors)")
    training_options(options)
    return run(train_model, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
