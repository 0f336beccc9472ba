"""Write attribution maps of a model for test images of a target: with annotated regions, and the most confident."""

import logging
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.attribute_images import STEPS, AttributeImages

if TYPE_CHECKING:
    from numpy.typing import NDArray


def attribute_images(arguments: Namespace) -> None:
    """Choose images, attribute them to the model and to its copy that has learnt nothing, write maps and table."""
    import pandas as pd
    import torch

    from crossray import manifest, maps, regions
    from crossray.errors import UserError
    from crossray.files import file_digest, read_parquet
    from crossray.learning.attribution import attribute_all, randomised
    from crossray.learning.hardware import choose_device
    from crossray.learning.models import load_model
    from crossray.learning.select_images import choose
    from crossray.seeds import derived_seed
    from crossray.shards import ImageStore, with_rows
    from crossray.tables import write
    from crossray.tables.attribution import MappedImages

    torch.set_num_threads(arguments.threads)
    settings = arguments.settings
    model, tasks, size = load_model(arguments.weights)
    store = ImageStore(arguments.index)
    store.check()
    if store.size != size:
        raise UserError(f"{arguments.index}: images of {store.size} px, the model was trained on {size} px")
    rows = with_rows(manifest.read(arguments.manifest), store, "test").set_index("image_id")
    logits = read_parquet(arguments.predictions, ["image_id"]).set_index("image_id")
    if not logits.index.equals(rows.index):
        raise UserError(f"{arguments.predictions}: not of the test images of this manifest; delete it and run again")
    located = regions.read(arguments.regions) if arguments.regions else None
    chosen = choose(rows, logits, located, settings.tasks, settings.images, derived_seed(settings.seed, store.dataset))

    device = choose_device(arguments.gpus)
    # Every trained network has a random twin of its own, so that chance differs from pair to pair.
    random = randomised(model, derived_seed(settings.seed, "random weights", file_digest(arguments.weights)))
    networks = {"trained": model.to(device), "random": random.to(device)}
    jobs = [
        (method, weights, chosen if weights == "trained" else chosen[chosen["scored"]])
        for method in settings.methods
        for weights in networks
    ]

    def parts() -> "Iterator[NDArray]":
        for method, weights, part in jobs:
            images = torch.from_numpy(store.take(rows.loc[part["image_id"], "row"].to_numpy()))
            outputs = [tasks.index(task) for task in part["task"]]
            batch = settings.batch_size
            yield attribute_all(networks[weights], images, outputs, method, STEPS, batch).numpy()
            logging.info("%d maps by %s, %s weights", len(part), method, weights)

    table = pd.concat([part.assign(method=method, weights=weights) for method, weights, part in jobs])
    table.insert(0, "map", range(len(table)))
    maps.write(arguments.maps, parts(), len(table), size)
    write(arguments.output, table, MappedImages)
    logging.info("%d images of %s, %d of them scored", len(chosen), store.dataset, chosen["scored"].sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--weights", required=True, type=Path, help="weights of the model (safetensors)")
    options.add_argument("--manifest", required=True, type=Path, help="the target's manifest")
    options.add_argument("--index", required=True, type=Path, help="the target's index of shards")
    options.add_argument(
        "--predictions", required=True, type=Path, help="the model's logits of the target's test split"
    )
    options.add_argument("--regions", type=Path, nargs="?", help="annotated regions (Parquet; none if unknown)")
    settings_option(options, AttributeImages)
    options.add_argument("--maps", required=True, type=Path, help="maps to write (HDF5)")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: image and finding of each map")
    hardware_options(options)
    return run(attribute_images, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
