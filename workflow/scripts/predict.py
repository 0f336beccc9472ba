"""Write a model's logits for the images of one split of a target."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.predict import Predict


def predict(arguments: Namespace) -> None:
    """Predict every image of the split that has pixels."""
    import numpy as np
    import pandas as pd
    import torch

    from crossray import manifest
    from crossray.errors import UserError
    from crossray.files import replacing
    from crossray.learning.batches import Examples
    from crossray.learning.hardware import choose_device
    from crossray.learning.models import load_model
    from crossray.learning.prediction import predict_logits
    from crossray.shards import ImageStore, with_rows

    torch.set_num_threads(arguments.threads)
    model, tasks, size = load_model(arguments.weights)
    store = ImageStore(arguments.index)
    store.check()
    if store.size != size:
        raise UserError(f"{arguments.index}: images of {store.size} px, the model was trained on {size} px")
    if store.channels > model.scale.channels:
        raise UserError(f"{arguments.index}: images in colour, the model was trained on grey ones")
    rows = with_rows(manifest.read(arguments.manifest), store, arguments.split)
    examples = Examples(store, rows["row"].to_numpy(), np.empty((len(rows), len(tasks)), np.float32))
    logits = predict_logits(model, examples, arguments.settings, choose_device(arguments.gpus))
    table = pd.DataFrame(logits, columns=tasks)
    table.insert(0, "image_id", rows["image_id"])
    with replacing(arguments.output) as partial:
        table.to_parquet(partial, index=False)
    logging.info("%d images of %s (%s), %d tasks", len(table), store.dataset, arguments.split, len(tasks))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--weights", required=True, type=Path, help="weights of the model (safetensors)")
    options.add_argument("--manifest", required=True, type=Path, help="the target's manifest")
    options.add_argument("--index", required=True, type=Path, help="the target's index of shards")
    options.add_argument("--split", required=True, choices=["validation", "test"], help="which images")
    settings_option(options, Predict)
    options.add_argument("--output", required=True, type=Path, help="predictions to write (Parquet)")
    hardware_options(options)
    return run(predict, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
