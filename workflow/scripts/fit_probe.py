"""Fit a linear probe: the last layer of a frozen network, on features of a source's images that are computed.

The result is a weights file as that of a training. Penalties are chosen on the source's validation split.
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.fit_probe import FitProbe


def fit_probe(arguments: Namespace) -> None:
    """Fit, put the layer into the network, and write weights, penalties and, last, the record."""
    import torch

    from crossray.files import replacing, write_json
    from crossray.learning.features import JoinedFeatures, KeptFeatures, probed_layer
    from crossray.learning.initialisation import initial_network
    from crossray.learning.linear_probe import LabelledFeatures, fit_linear_probe
    from crossray.learning.models import save_weights
    from crossray.learning.record import learnt_record, training_key
    from crossray.learning.source import assembled
    from crossray.study.names import MULTICLASS
    from crossray.tables import write
    from crossray.tables.training import Penalties

    torch.set_num_threads(arguments.threads)
    settings = arguments.settings
    stores = [KeptFeatures(path) for path in arguments.features]
    joined = JoinedFeatures(stores)
    source = assembled(arguments.manifests, stores, joined, joined.starts, settings)
    network = initial_network(settings, len(source.tasks), joined.size, arguments.initial, joined.channels).eval()
    layer = probed_layer(network, settings.architecture, joined.size)
    for store in stores:
        store.check_network(network)
    training, validation = (
        LabelledFeatures(joined.take(part.rows), part.labels.astype(float))
        for part in (source.training, source.validation)
    )
    logging.info(
        "%d training and %d validation images of %s, %d features, tasks: %s", len(training.labels),
        len(validation.labels), " and ".join(source.datasets), layer.in_features, ", ".join(source.tasks),
    )  # fmt: skip
    exclusive = settings.objective == MULTICLASS
    probe = fit_linear_probe(training, validation, source.tasks, settings.penalties, exclusive)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(probe.weights))
        layer.bias.copy_(torch.from_numpy(probe.intercepts))
    with replacing(arguments.weights) as partial:
        state = network.body.state_dict()
        save_weights(partial, state, source.tasks, settings.architecture, joined.size, network.scale, settings.stem)
    write(arguments.penalties, probe.tried, Penalties)
    files = [*arguments.manifests, *arguments.features, *filter(None, [arguments.initial])]
    facts = learnt_record(
        arguments.source, training_key("fit_probe", settings, files), source, settings, torch.device("cpu"),
        arguments.weights, network, arguments.initial,
    )  # fmt: skip
    chosen = dict(zip(source.tasks, probe.penalties.tolist(), strict=True))
    more = {"penalties": chosen, "notes": [*probe.notes, *source.notes], "precision": stores[0].precision}
    write_json(arguments.record, facts | more)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, FitProbe)
    options.add_argument("--source", required=True, help="name of the source")
    options.add_argument("--manifests", required=True, type=Path, nargs="+", help="manifests of its data sets")
    options.add_argument("--features", required=True, type=Path, nargs="+", help="records of their features, in order")
    options.add_argument(
        "--initial", nargs="?", type=Path, help="state dict of the network (safetensors or torch.save; default: none)"
    )
    options.add_argument("--weights", required=True, type=Path, help="weights to write (safetensors)")
    options.add_argument("--penalties", required=True, type=Path, help="CSV to write: one row per task and penalty")
    options.add_argument("--record", required=True, type=Path, help="JSON to write: settings, versions, notes")
    options.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    return run(fit_probe, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
