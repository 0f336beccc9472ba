"""List the numbers that differ between two studies, and those that differ by more than their intervals.

A number is beyond an interval if it lies outside that of the other study. Intervals hold for other patients of the same
hospitals: another training seed, other data or another machine may move a number further than they say.
"""

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crossray.program import parser, run

if TYPE_CHECKING:
    from crossray.differences import ComparedTable

#: numbers beyond an interval that are named
_NAMED = 30


def diff(arguments: Namespace) -> None:
    """Compare and print."""
    from crossray.differences import compare
    from crossray.errors import UserError

    if not str(arguments.before) or arguments.before == Path():
        raise UserError("no study to compare with: name its folder with --config before=results/STUDY, or a copy of it")
    found = list(compare(arguments.before, arguments.after))
    print(f"Before: {arguments.before}; after: {arguments.after}")
    for one in found:
        print(_line(one))
    _print_beyond(found)


def _line(one: "ComparedTable") -> str:
    """Return what is to say of a table."""
    both, before, after = one.rows
    only = "".join(f", {count} only {when}" for count, when in ((before, "before"), (after, "after")) if count)
    if one.differ.empty:
        return f"{one.name}: {both} rows in both{only}; all {one.numbers:,} numbers are equal"
    tried = f", {len(one.beyond)} of them beyond an interval" if one.differ["beyond"].notna().any() else ""
    return f"{one.name}: {both} rows in both{only}; {len(one.differ):,} of {one.numbers:,} numbers differ{tried}"


def _print_beyond(found: "Sequence[ComparedTable]") -> None:
    """Print the numbers that are beyond an interval, the farthest first."""
    import pandas as pd

    parts = [one.beyond.assign(table=one.name) for one in found if len(one.beyond)]
    if not parts:
        print("\nNo number is beyond an interval.")
        return
    table = pd.concat(parts).sort_values("apart", ascending=False)
    print(f"\n{len(table)} numbers beyond an interval, the farthest first:\n")
    shown = table.head(_NAMED)[["table", "row", "number", "before", "after"]]
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    if len(table) > _NAMED:
        print(f"... and {len(table) - _NAMED} more")


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--before", required=True, type=Path, help="folder of a study, or a copy of its tables")
    options.add_argument("--after", required=True, type=Path, help="folder of the study to compare with")
    return run(diff, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
