"""Write the decision sheet: one HTML page to print and sign, without figures, scripts or network requests."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import json_object, parser, run


def write_decision(arguments: Namespace) -> None:
    """Render the sheet."""
    from crossray.decision_digests import digests_of
    from crossray.figures.sheet import render
    from crossray.files import write_text

    settings = arguments.settings
    sealed = digests_of(arguments.study, arguments.networks, settings["criteria"], settings["code"])
    write_text(arguments.output, render(arguments.study, settings, arguments.templates, sealed))
    logging.info("%s: print it and sign it", arguments.output)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--study", required=True, type=Path, help="folder of the study's results")
    options.add_argument(
        "--networks", nargs="*", default=[], type=Path, help="files of the networks that were trained elsewhere, if any"
    )
    options.add_argument(
        "--settings",
        required=True,
        type=json_object,
        help="JSON: study, title, phantoms, unknown_training, criteria (as JSON), code (version of what judged)",
    )
    options.add_argument("--templates", required=True, type=Path, help="folder of the sheet's template and style")
    options.add_argument("--output", required=True, type=Path, help="HTML to write")
    return run(write_decision, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
