"""Write what a study gives to a paper: methods, checklists, captions, references, tables and an RO-Crate."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.write_report import WriteReport


def write_paper(arguments: Namespace) -> None:
    """Write the texts, copy the report and its tables, describe the folder."""
    from crossray.manuscript.folder import PaperFiles, fill

    given = PaperFiles(arguments.references, arguments.checklists)
    statuses = fill(arguments.study, arguments.datasets, arguments.settings, given, arguments.output)
    for name, counts in statuses.items():
        logging.info("%s: %s", name, ", ".join(f"{count} items {status}" for status, count in counts.items()))


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--study", required=True, type=Path, help="folder of the study's results, with report.html")
    options.add_argument("--datasets", required=True, type=Path, help="folder of data sets")
    settings_option(options, WriteReport)
    options.add_argument("--references", required=True, type=Path, help="what the methods cite, as BibTeX")
    options.add_argument("--checklists", required=True, type=Path, nargs="+", help="items of each checklist, as CSV")
    options.add_argument(
        "--output", required=True, type=Path, help="folder to write to; its folder figures has figures for a paper"
    )
    return run(write_paper, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
