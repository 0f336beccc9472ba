"""Write the table of hostile files in docs/data-format.md from benchmarks/results/hostile.csv.

python benchmarks/run.py hostile && python docs/hostile.py
"""

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.files import write_text  # noqa: E402

RESULTS = ROOT / "benchmarks/results/hostile.csv"
PAGE = ROOT / "docs/data-format.md"
START, END = "<!-- by docs/hostile.py -->\n", "<!-- to here -->\n"


def table(results: Path = RESULTS) -> str:
    """Return the table: a row for each file, its size, the most memory that reading it took, and what came of it."""
    sizes, rows = {}, []
    with results.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["contender"] == "file":
                sizes[row["case"]] = float(row["median"])
            else:
                rows.append(f"| {row['case']} | {sizes[row['case']]:.3g} | {row['peak_mb']} | {row['contender']} |")
    return "\n".join(["| file | size, MB | peak memory, MB | answer |", "|---|---|---|---|", *rows]) + "\n"


def with_table(page: str, lines: str) -> str:
    """Return the page with the table between its marks.

    Raises:
        ValueError: if the page lacks a mark.
    """
    before, _, rest = page.partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE} lacks the marks {START.strip()} and {END.strip()}")
    return before + START + lines + END + after


def main() -> int:
    """Write the table into the page."""
    write_text(PAGE, with_table(PAGE.read_text(encoding="utf-8"), table()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
