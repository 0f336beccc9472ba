"""Ask the archives of a study what they have, and write it as the tables that its data sets are read by from then on.

Only what has labels is written. With --diff nothing is written: it says what has changed since the last query.
"""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from crossray.program import json_object, parser, run

if TYPE_CHECKING:
    from crossray.datasets.pacs.options import FromArchive
    from crossray.study.datasets import Dataset


def query(arguments: Namespace) -> None:
    """Ask for every data set that an archive has."""
    from crossray.datasets import TRANSPORTS
    from crossray.errors import UserError, speaking_of
    from crossray.planning import plan_of

    plan, sources = plan_of(arguments.settings)
    asked = {name: dataset for name, dataset in plan.study.datasets.items() if dataset.reader in TRANSPORTS}
    if not asked:
        readers = " or ".join(TRANSPORTS)
        raise UserError(f"study {plan.study.study}: no data set has an archive to ask (reader: {readers})")
    for name, dataset in asked.items():
        with speaking_of(dataset.public):
            _ask(name, dataset, Path(sources.releases[name].root), arguments.diff)


def _ask(name: str, dataset: "Dataset", folder: Path, diff: bool) -> None:
    """Ask for a data set, and write or compare its table."""
    from crossray import tables
    from crossray.datasets.pacs import query as asking
    from crossray.datasets.pacs.access import access_to, connection_class
    from crossray.datasets.pacs.reading import query_table
    from crossray.errors import UserError
    from crossray.study.base import taken
    from crossray.tables.archive import QueriedObject

    path = query_table(str(folder))
    if diff and not path.is_file():
        raise UserError(f"data set {name}: there is no earlier query to compare with; run: snakemake query --cores 1")
    access = access_to(name, dataset.reader, taken(connection_class(dataset.reader), dataset))
    table, counts = asking.ask(name, cast("FromArchive", dataset), access)
    print(f"{name}: " + ", ".join(asking.lines_of(counts)))
    if diff:
        found = asking.differences(tables.read(path, QueriedObject), table)
        print("\n".join(f"  {count} {what}" for what, count in found.items() if count) or "  nothing has changed")
        return
    changed = asking.write_query(path, table, {"dataset": name, **counts.as_dict()})
    print(f"  {path} {'was written' if changed else 'is as it was'}", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and return the exit status."""
    options = parser(__doc__)
    options.add_argument("--settings", required=True, type=json_object, help="the configuration of the study as JSON")
    options.add_argument("--diff", action="store_true", help="say what has changed since the last query, write nothing")
    return run(query, options.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
