"""Train an encoder on the training images of several data sets together, without labels.

It describes test images where drops are explained. Shards are compared with the digests of their index first.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.train_encoder import TrainEncoder


def train_encoder(arguments: Namespace) -> None:
    """Train the encoder, write its weights, and the record last."""
    import safetensors.torch
    import torch
    import torchvision

    from crossray.files import file_digest, replacing, write_json
    from crossray.learning.hardware import choose_device
    from crossray.learning.self_supervised import train_encoder, unlabelled_images

    torch.set_num_threads(arguments.threads)
    device, settings = choose_device(arguments.gpus), arguments.settings
    images, counts = unlabelled_images(arguments.manifests, arguments.indexes, settings)
    told = ", ".join(f"{count} of {name}" for name, count in counts.items())
    logging.info("%d images (%s) without labels, on %s", len(images.rows), told, device)
    state, history = train_encoder(images, settings, device)
    with replacing(arguments.weights) as partial:
        partial.write_bytes(safetensors.torch.save({name: state[name].contiguous() for name in sorted(state)}))
    facts = {"images": counts, "size": images.store.size, "settings": settings.as_dict(), "epochs": history}
    facts["device"] = {"type": device.type, "threads": torch.get_num_threads()}
    facts["versions"] = {module.__name__: module.__version__ for module in (torch, torchvision)}
    write_json(arguments.record, facts | {"sha256": file_digest(arguments.weights)})


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, TrainEncoder)
    options.add_argument("--manifests", required=True, type=Path, nargs="+", help="manifests of the data sets")
    options.add_argument("--indexes", required=True, type=Path, nargs="+", help="their indexes of shards, in order")
    options.add_argument("--weights", required=True, type=Path, help="state dict to write (safetensors)")
    options.add_argument("--record", required=True, type=Path, help="JSON to write: images, settings, versions, device")
    hardware_options(options)
    return run(train_encoder, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
