"""Compare the study's numbers with those of Cohen et al. (2020), cell by cell."""

import logging
import sys
from argparse import Namespace
from pathlib import Path

from crossray.program import parser, run, settings_option
from crossray.study.stages.compare_paper import ComparePaper


def compare_paper(arguments: Namespace) -> None:
    """Read the study's tables and compare."""
    from crossray.analysis.paper import compare
    from crossray.small_cells import write
    from crossray.tables import read
    from crossray.tables.agreement import AgreementSummary
    from crossray.tables.datasets import Labels
    from crossray.tables.domains import Domains
    from crossray.tables.heads import HeadDistances
    from crossray.tables.label_agreement import LabelAgreement
    from crossray.tables.paper import Paper, PaperSummary
    from crossray.tables.performance import Performance

    compared = Performance, Labels, AgreementSummary, Domains, HeadDistances, LabelAgreement
    contracts = {contract.NAME: contract for contract in compared}
    tables = {path.stem: read(path, contracts[path.stem]) for path in arguments.tables}
    table, summary = compare(tables, arguments.paper, arguments.settings.paper)
    write(arguments.summary, summary, PaperSummary, arguments.settings)
    write(arguments.output, table, Paper, arguments.settings)
    logging.info("%d numbers of the paper compared, %d inside our intervals", len(table), table["inside"].sum())


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--tables", required=True, type=Path, nargs="+", help="the study's tables (CSV), by file name")
    options.add_argument("--paper", required=True, type=Path, help="folder with the paper's numbers")
    settings_option(options, ComparePaper)
    options.add_argument("--summary", required=True, type=Path, help="CSV to write: one row per quantity")
    options.add_argument("--output", required=True, type=Path, help="CSV to write: one row per number of the paper")
    return run(compare_paper, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
