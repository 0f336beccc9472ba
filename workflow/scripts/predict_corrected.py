"""Write a model's logits for a target's test images after corrections that use no label of the target.

Pictures get the source's polarity, or its blur and noise (resolution); or the network gets the target's batch-norm
statistics (batch norm).
"""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.learning.options import hardware_options
from crossray.program import parser, run, settings_option
from crossray.study.stages.predict_corrected import PredictCorrected


def predict_corrected(arguments: Namespace) -> None:
    """Correct, predict, write."""
    import numpy as np
    import pandas as pd
    import torch

    from crossray import manifest
    from crossray.errors import UserError
    from crossray.files import replacing
    from crossray.learning.batches import Examples
    from crossray.learning.correction import MATCHES, MatchedStore, mean_statistics, with_target_statistics
    from crossray.learning.hardware import choose_device
    from crossray.learning.models import load_model
    from crossray.learning.prediction import predict_logits
    from crossray.shards import ImageStore, sample_rows, with_rows

    torch.set_num_threads(arguments.threads)
    settings, device = arguments.settings, choose_device(arguments.gpus)
    model, tasks, _ = load_model(arguments.weights)
    sources = []
    for path, index in zip(arguments.source_manifests, arguments.source_indexes, strict=True):
        source = ImageStore(index)
        rows = sample_rows(manifest.read(path), source, settings.images, settings.seed)
        sources.append((source, rows.loc[rows["split"] == "train", "row"].to_numpy()))
    store = ImageStore(arguments.index)
    store.check()
    rows = with_rows(manifest.read(arguments.manifest), store, "test")
    if rows.empty:
        raise UserError(f"{arguments.manifest}: no image in the split test; a target needs some, raise its share")
    unknown = np.empty((len(rows), len(tasks)), np.float32)
    plain = Examples(store, rows["row"].to_numpy(), unknown)
    looks = mean_statistics([(store, rows["row"].to_numpy())]), mean_statistics(sources)
    corrected = {}
    for match in MATCHES:
        matched = Examples(MatchedStore(store, match, *looks), rows["row"].to_numpy(), unknown)
        corrected[match] = predict_logits(model, matched, settings, device)
    adapted = with_target_statistics(model, plain, settings.batch_size, device)
    corrected["batch norm"] = predict_logits(adapted, plain, settings, device)
    parts = [pd.DataFrame(logits, columns=tasks).assign(correction=name) for name, logits in corrected.items()]
    table = pd.concat([pd.concat([rows[["image_id"]], part], axis=1) for part in parts], ignore_index=True)
    with replacing(arguments.output) as partial:
        table[["image_id", "correction", *tasks]].to_parquet(partial, index=False)
    logging.info("%d images of %s after %s", len(rows), store.dataset, ", ".join(corrected))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--weights", required=True, type=Path, help="weights of the model (safetensors)")
    options.add_argument(
        "--source-manifests", required=True, type=Path, nargs="+", help="manifests of the model's training data"
    )
    options.add_argument("--source-indexes", required=True, type=Path, nargs="+", help="their indexes, in order")
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the target")
    options.add_argument("--index", required=True, type=Path, help="the target's index of shards")
    settings_option(options, PredictCorrected)
    options.add_argument("--output", required=True, type=Path, help="logits to write (Parquet)")
    hardware_options(options)
    return run(predict_corrected, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
