"""Print a study's matrix of mean AUC, sources x targets, the causes of drops, and the path of its report."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crossray.program import parser, run


def print_matrix(arguments: Namespace) -> None:
    """Print one matrix per model, and one sentence per pair if the study splits drops into causes."""
    from crossray.errors import UserError
    from crossray.figures.counts import caveats_of, reasons_text
    from crossray.figures.summary_text import cause_sentences, primary_sentences
    from crossray.tables import read
    from crossray.tables.comparisons import Comparisons
    from crossray.tables.performance import Performance
    from crossray.tables.shift import Shift
    from crossray.tables.transfer import Transfer

    path, causes = (arguments.study / "analysis" / f"{name}.csv" for name in ("transfer", "shift"))
    if not path.is_file():
        raise UserError(f"{path}: missing; run the study first")
    transfer = read(path, Transfer)
    caveats = caveats_of(read(arguments.study / "analysis" / "performance.csv", Performance))
    for model, cells in transfer.groupby("model", sort=False):
        shown = cells.assign(cell=[_cell(row, caveats) for row in cells.itertuples()])
        matrix = shown.pivot(index="source", columns="target", values="cell")
        matrix = matrix.loc[cells["source"].unique(), cells["target"].unique()]
        print(f"\n{model}: mean AUC (95% interval), rows trained on, columns tested on\n")
        print(matrix.rename_axis(index=None, columns=None).to_string())
    if caveats:
        print(f"\n{reasons_text(caveats.values()).strip()}")
    if arguments.causes:
        print("\nIs it the images or the labels? (docs/shift.md)\n")
        print("\n".join(cause_sentences(read(causes, Shift), transfer)))
    tests = arguments.study / "analysis" / "comparisons.csv"
    if tests.is_file():
        print("\n" + "\n".join(primary_sentences(read(tests, Comparisons))))
    print(f"\nReport: {arguments.study / 'report.html'}")


def _cell(row: Any, caveats: Mapping[tuple[str, str, str], str]) -> str:
    """Write a number with its interval and the code of its caveat, or the code of why there is none."""
    if row.auc != row.auc:
        return str(row.reason)
    beside = caveats.get((row.model, row.source, row.target))
    return f"{row.auc:.2f} ({row.auc_low:.2f}-{row.auc_high:.2f}){f' {beside}' if beside else ''}"


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument(
        "--causes", action="store_true", help="also print the cause of each pair's drop, from shift.csv"
    )
    options.add_argument("study", type=Path, help="folder of the study's results, for instance results/demo")
    return run(print_matrix, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
