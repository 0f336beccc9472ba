"""Measure how well a classifier predicts the data set, from tiny images and from each model's features."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.probe_sources import ProbeSources


def probe_sources(arguments: Namespace) -> None:
    """Train and test a probe on each kind of features."""
    import pandas as pd

    from crossray.analysis.probe import IMAGES, measure, thumbnails
    from crossray.files import read_parquet
    from crossray.shards import ImageStore
    from crossray.small_cells import write
    from crossray.study import folders
    from crossray.tables.probe import Probe, ProbeConfusion

    settings = arguments.settings
    features = {path.parts[-3:-1]: read_parquet(path) for path in arguments.embeddings}
    drawn = next(iter(features.values()))[["dataset", "split", "image_id"]]
    parts = []
    for name, rows in drawn.groupby("dataset", sort=False):
        store = ImageStore(arguments.datasets / folders.INDEX.format(dataset=name, shape=settings.shape))
        pixels = pd.DataFrame(thumbnails(store, rows["image_id"])).add_prefix("feature ")
        parts.append(pd.concat([rows[["dataset", "split"]].reset_index(drop=True), pixels], axis=1))
    samples = {IMAGES: pd.concat(parts, ignore_index=True)}
    for (model, source), features_of in features.items():
        samples[f"{model} of {source}"] = features_of.drop(columns="image_id")
    table, confusion = measure(samples)
    write(arguments.confusion, confusion, ProbeConfusion, arguments.settings)
    write(arguments.output, table, Probe, arguments.settings)
    for row in table[table["reason"].isna()].itertuples():
        logging.info("%s: %.2f recognised, %.2f by chance", row.features, row.accuracy, row.chance)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument(
        "--embeddings",
        required=True,
        type=Path,
        nargs="+",
        help="predict.py: MODEL/SOURCE/SEED.parquet",
    )
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets, with their shards")
    settings_option(options, ProbeSources)
    options.add_argument("--confusion", required=True, type=Path, help="CSV to write: confusion of data sets")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per kind of features")
    return run(probe_sources, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
