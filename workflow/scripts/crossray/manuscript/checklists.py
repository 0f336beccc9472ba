"""Reporting checklists filled from a study: TRIPOD+AI (Collins et al., BMJ 2024) and CLAIM 2024 (Tejani et al.).

The items are CSV files of the project, in its own words, each with the facts of :mod:`crossray.manuscript.facts` that
answer it, what only authors can say, and where the answer stands.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crossray.errors import UserError

#: what stands in place of an answer that the study does not know
YOURS = "you must write this"
COLUMNS = ("item", "topic", "asks", "status", "answer", "yours", "where")
FILLED, PARTLY = "from the study", "in part from the study"
_GIVEN = ["item", "topic", "asks", "facts", "yours", "where"]


@dataclass(frozen=True)
class Anchors:
    """What there is to point to.

    Attributes:
        sections: links of the report's sections.
        headings: of ``methods.md``.
    """

    sections: Collection[str]
    headings: Collection[str]


def filled(path: Path, fact_of: Callable[[str], str], anchors: Anchors) -> pd.DataFrame:
    """Fill a checklist.

    Args:
        path: CSV with the columns item, topic, asks, facts (names, or nothing), yours (what authors must add, or
            nothing) and where (``report:SECTION`` or ``methods:HEADING``).
        fact_of: a fact's text by its name; empty where the study does not say.
        anchors: sections and headings that are there; others are left out.

    Returns:
        One row an item: item, topic, asks, status (from the study; in part from the study; you must write this),
        answer, yours, where.

    Raises:
        UserError: if the file has other columns.
    """
    items = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(items) != _GIVEN:
        raise UserError(f"{path}: its columns are {', '.join(items)}; they must be {', '.join(_GIVEN)}")
    rows = []
    for row in items.itertuples():
        answer = " ".join(filter(None, (fact_of(name) for name in str(row.facts).split())))
        status = YOURS if not answer else PARTLY if row.yours else FILLED
        yours = row.yours or ("" if answer else "The study does not say this.")
        where = "; ".join(_places(str(row.where), anchors)) if answer else ""
        rows.append((row.item, row.topic, row.asks, status, answer, yours, where))
    return pd.DataFrame(rows, columns=COLUMNS)


def _places(where: str, anchors: Anchors) -> Iterator[str]:
    """Yield where an answer stands: headings may have blanks, so each goes on to the next mark."""
    for place in where.replace(" report:", "\nreport:").replace(" methods:", "\nmethods:").splitlines():
        kind, _, name = place.partition(":")
        if kind == "report" and name in anchors.sections:
            yield f"report.html#{name}"
        if kind == "methods" and name in anchors.headings:
            yield f"methods.md, {name}"


def as_markdown(table: pd.DataFrame, title: str, source: str) -> str:
    """Return a filled checklist as Markdown.

    Args:
        table: of :func:`filled`.
        title: of the checklist.
        source: where its items are from.
    """
    counts = table["status"].value_counts()
    said = ", ".join(f"{counts.get(status, 0)} {status}" for status in (FILLED, PARTLY, YOURS))
    head = f"# {title}\n\nItems of {source}, in our own words. Of {len(table)} items: {said}.\n"
    return "\n".join([head, *_sections(table)])


def _sections(table: pd.DataFrame) -> Iterator[str]:
    for row in table.itertuples():
        yield f"## {row.item} {row.topic}\n\n*{row.asks}*\n"
        if row.answer:
            yield f"{row.answer}\n"
        if row.yours:
            yield f"**{YOURS.capitalize()}:** {row.yours}\n"
        if row.where:
            yield f"Where: {row.where}\n"
