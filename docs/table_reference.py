"""Write docs/tables.md below its mark: every table and column, from the contracts. Run by ``make docs``."""

import sys
from pathlib import Path

from config_reference import meanings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from crossray.figures.report_tables import VIEWS  # noqa: E402
from crossray.study import layout  # noqa: E402
from crossray.study.config import Study  # noqa: E402
from crossray.tables import contracts  # noqa: E402
from crossray.tables.contract import Row, columns  # noqa: E402

PAGE = ROOT / "docs/tables.md"
MARK = "<!-- the reference below is written by docs/table_reference.py -->\n"

#: tables that do not lie in ``analysis/`` under their name -> where
ELSEWHERE = {
    "history": layout.HISTORY, "images": layout.MAPPED_IMAGES, "leakage": layout.LEAKAGE, "moves": layout.MOVES,
    "lookup": f"{Study.private}/{{dataset}}.csv", "query": layout.QUERY, "fetched_images": layout.FETCHED,
    "not_fetched": layout.NOT_FETCHED, "pairs": layout.LEAKAGE_PAIRS, "penalties": layout.PENALTIES,
    "rejected": layout.REJECTED,
    "release_labels": layout.RELEASE_LABELS, "release_regions": layout.RELEASE_REGIONS, "replicates": layout.REPLICATES,
    "simulated_scores": layout.SIMULATED_SCORES, "to_read": layout.TO_READ,
    "films_to_read": layout.FILMS_TO_READ, "truth": layout.RELEASE_TRUTH,
    "unpacked_labels": layout.UNPACKED_LABELS,
}  # fmt: skip


def path_of(contract: type[Row]) -> str:
    """Return where a table lies, as users write it."""
    path = ELSEWHERE.get(contract.NAME, layout.table(contract.NAME))
    for name in ("study", "dataset", "shape", "model", "source", "target", "seed"):
        path = path.replace(f"{{{name}}}", name.upper())
    return path.replace("<study>", "results/STUDY").replace("<private>", Study.private)


def reference() -> str:
    """Return every table, those of the analyses first, with its columns."""
    ordered = sorted(contracts(), key=lambda contract: (contract.NAME in ELSEWHERE, contract.NAME))
    return "\n".join(_section(contract) for contract in ordered)


def _section(contract: type[Row]) -> str:
    keys = ", ".join(f"`{key}`" for key in contract.KEY)
    text = f"One row: {_lower(str(contract.__doc__))} Key: {keys}. `{path_of(contract)}`, version {contract.version()}."
    lines = [f"## {contract.NAME}", "", text, "", "| column | type | description | report |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cells)} |" for cells in _cells(contract)]
    changes = [f"- Version {number}: {line}" for number, line in enumerate(contract.MIGRATIONS, start=2)]
    return "\n".join([*lines, "", *changes, *[""] * bool(changes)])


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _cells(contract: type[Row]) -> list[list[str]]:
    """Return a line for each column; the ends of an interval stand with their number."""
    said = meanings(contract)
    said |= {name.removesuffix("_"): text for name, text in said.items()}
    shown = VIEWS[contract.NAME].columns.split() if contract.NAME in VIEWS else []
    lines: list[list[str]] = []
    for name, column in columns(contract).items():
        if name in said:
            lines.append([f"`{name}`", column.allowed, said[name], "yes" if name in shown else ""])
        else:
            lines[-1][0] += f", `{name}`"
    if contract.FURTHER:
        lines.append([f"`{contract.FURTHER}`", "numbers, or empty", said["FURTHER"], ""])
    return lines


if __name__ == "__main__":
    head = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    PAGE.write_text(head + MARK + "\n" + reference(), encoding="utf-8")
