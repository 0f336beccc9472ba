"""Write the predictions of an external model for a split of a data set, from its scores."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.place_scores import PlaceScores


def place_scores(arguments: Namespace) -> None:
    """Choose the rows of the split and write them."""
    from crossray import manifest, predictions
    from crossray.shards import ImageStore, with_rows

    settings = arguments.settings
    table, store = manifest.read(arguments.manifest), ImageStore(arguments.index)
    scores = predictions.read(arguments.scores).table.reset_index()
    rows = predictions.placed(scores, with_rows(table, store, arguments.split), settings.unit)
    predictions.write(arguments.output, rows, settings.scale, settings.unit)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--scores", required=True, type=Path, help="scores of read_scores.py")
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the data set in the study")
    options.add_argument(
        "--index", required=True, type=Path, help="index of its shards, which lists images with pixels"
    )
    settings_option(options, PlaceScores)
    options.add_argument("--split", required=True, help="validation or test")
    options.add_argument("--output", required=True, type=Path, help="predictions to write (Parquet)")
    return run(place_scores, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
