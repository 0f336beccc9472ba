"""Take the model that a site trained and sent in its bundle: check what it is, and write its weights."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.take_model import TakeModel


def take_model(arguments: Namespace) -> None:
    """Check the bundle and what it says of its model, then the weights themselves; write."""
    from crossray.datasets.bundles import models, sealing
    from crossray.files import replacing
    from crossray.learning.foreign_network import open_network

    settings, bundle = arguments.settings, arguments.bundle
    weights = models.sent_weights(sealing.open_(bundle, arguments.signer), bundle, settings)
    with replacing(arguments.output) as partial:
        partial.write_bytes(weights)
        open_network(partial, settings)
    logging.info("%s: %s, %d bytes", bundle, settings.architecture, len(weights))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, TakeModel)
    options.add_argument("--bundle", required=True, type=Path, help="bundle of the site (zip)")
    options.add_argument("--signer", required=True, type=Path, help="the site's public key (PEM)")
    options.add_argument("--output", required=True, type=Path, help="weights to write (safetensors)")
    return run(take_model, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
