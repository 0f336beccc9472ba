"""Write the report: one HTML file with every figure and table inside, readable offline and without scripts."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.write_report import WriteReport


def write_report(arguments: Namespace) -> None:
    """Render the page and say how large it is."""
    from crossray.figures.report import render
    from crossray.files import write_text

    page = render(
        arguments.study, arguments.datasets, arguments.settings, arguments.templates, arguments.citation,
        arguments.references,
    )  # fmt: skip
    write_text(arguments.output, page)
    logging.info("%s: %.2f MB", arguments.output, len(page.encode()) / 1e6)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--study", required=True, type=Path, help="folder of the study's results")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets")
    settings_option(options, WriteReport)
    options.add_argument(
        "--templates", required=True, type=Path, help="folder of the page's template, style and script"
    )
    options.add_argument("--citation", required=True, type=Path, help="CITATION.cff")
    options.add_argument("--references", required=True, type=Path, help="what the methods cite, as BibTeX")
    options.add_argument("--output", required=True, type=Path, help="HTML to write")
    return run(write_report, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
