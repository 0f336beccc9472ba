"""Choose the films to read of each target, by the outputs of models, as a sample with known probabilities."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.analysis.options import study_of, study_options
from crossray.program import parser, run
from crossray.study.stages.choose_films import ChooseFilms


def choose_films(arguments: Namespace) -> None:
    """Choose the films of each target, and write them as the study and as the release names them."""
    import pandas as pd

    from crossray import manifest
    from crossray.analysis.chosen_films import choose
    from crossray.errors import UserError
    from crossray.small_cells import write as write_published
    from crossray.study import folders
    from crossray.study.names import UNITS
    from crossray.tables import read, write
    from crossray.tables.film_plan import FilmsToRead, ReadingGains, ToRead
    from crossray.tables.lookup import Lookup

    settings, gains = arguments.settings, []
    if not settings.readings:
        raise UserError("this study has no list of films: give plan.readings in its configuration (docs/planning.md)")
    places = {path.stem: (path, named) for path, named in zip(arguments.outputs, arguments.named, strict=True)}
    lookups = {path.stem: path for path in arguments.lookups}
    for target, films, expected in choose(study_of(arguments), settings):
        images = manifest.read(arguments.manifests / folders.MANIFEST.format(dataset=target))
        images = images.assign(id=images[UNITS[settings.evaluation.unit]].astype("str"))[["image_id", "id"]]
        named = films[["order", "id"]].merge(images, on="id").merge(read(lookups[target], Lookup), on="image_id")
        path, own = places[target]
        write(own, named.drop(columns="id"), FilmsToRead, private=True)
        write(path, films, ToRead)
        gains.append(expected)
        logging.info("%s: %d films of %d to read", target, len(films), expected["candidates"].iloc[0])
    write_published(arguments.gains, pd.concat(gains, ignore_index=True), ReadingGains, settings)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    study_options(options, ChooseFilms)
    options.add_argument(
        "--lookups", required=True, nargs="+", type=Path, help="tables TARGET.csv with the release's identifiers"
    )
    options.add_argument("--outputs", required=True, nargs="+", type=Path, help="lists TARGET.csv to write")
    options.add_argument(
        "--named", required=True, nargs="+", type=Path, help="the same by the release's identifiers, in their order"
    )
    options.add_argument("--gains", required=True, type=Path, help="CSV to write: what the lists are expected to save")
    return run(choose_films, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
