"""Write the predictions of a model for the test images of a site, or counts of them, from its bundle."""

import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.place_bundle import PlaceBundle


def place_bundle(arguments: Namespace) -> None:
    """Give rows the manifest's identifiers, and write them in its order; of counts those of the model."""
    from crossray import manifest, predicted_counts, predictions
    from crossray.datasets.bundles import counts, rows
    from crossray.files import read_parquet
    from crossray.tables import read
    from crossray.tables.lookup import Lookup

    settings = arguments.settings
    if settings.level == "counts":
        predicted_counts.write(arguments.output, counts.parse(arguments.content).of_model(arguments.model))
        return
    sent = read_parquet(arguments.content, rows.IDENTIFIERS).set_index("image_id")
    lookup = read(arguments.lookup, Lookup).set_index("image_id")["released_image_id"]
    images = manifest.read(arguments.manifest)["image_id"]
    outputs = sent.loc[lookup.loc[images], [rows.output(arguments.model, task) for task in settings.tasks]]
    table = outputs.set_axis(list(settings.tasks), axis=1).reset_index(drop=True)
    table.insert(0, "image_id", images.to_numpy())
    predictions.write(arguments.output, table, settings.scale)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    settings_option(options, PlaceBundle)
    options.add_argument("--model", required=True, help="name of the model")
    options.add_argument("--content", required=True, type=Path, help="counts or rows of open_bundle.py")
    options.add_argument("--manifest", required=True, type=Path, help="manifest of the data set in the study")
    options.add_argument("--lookup", required=True, type=Path, help="CSV with the bundle's identifiers of its images")
    options.add_argument("--output", required=True, type=Path, help="predictions to write (Parquet)")
    return run(place_bundle, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
