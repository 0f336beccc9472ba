"""Read and check a file of scores of an external model, and match it to the identifiers of a manifest.

It waits for the manifest alone, so that what is wrong with the file is told before anything is converted or trained.
"""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.read_scores import ReadScores


def read_scores(arguments: Namespace) -> None:
    """Read, identify, write."""
    from crossray import manifest, predictions
    from crossray.datasets import scores
    from crossray.errors import speaking_of
    from crossray.tables import read
    from crossray.tables.lookup import Lookup

    settings = arguments.settings
    with speaking_of(settings.public):
        table = scores.read_scores(arguments.scores, settings)
        names = manifest.read(arguments.manifest), read(arguments.lookup, Lookup)
        known = scores.with_identifiers(table, *names, settings, arguments.scores)
    predictions.write(arguments.output, known, settings.scale, known.columns[0].removesuffix("_id"))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--scores", required=True, help="file of scores: CSV, Excel or Parquet")
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the data set")
    options.add_argument("--lookup", required=True, type=Path, help="CSV with the release's identifiers of its images")
    settings_option(options, ReadScores)
    options.add_argument("--output", required=True, type=Path, help="scores to write, as predictions (Parquet)")
    return run(read_scores, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
