"""Registry of the report's figures and tables, section by section, in the order of the page; the workflow reads it too.

A figure is a module and an entry in ``sections``. Modules that draw import neither: a new caption redraws nothing.
"""

from collections.abc import Collection, Mapping

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry
from crossray.figures.sections import causes, data, decision, performance, use

SECTIONS = (
    decision.DECISION,
    decision.FILMS,
    performance.MATRIX,
    performance.DROP,
    performance.MODELS,
    performance.EXTERNAL,
    performance.TASKS,
    performance.CLASSES,
    performance.AGREEMENT,
    use.OPERATING_POINTS,
    causes.LOCALISATION,
    causes.WHY,
    use.ADAPTATION,
    use.MONITORING,
    performance.PAPER,
    data.DATA,
    data.TRAINING,
    Section("limits", "Limits", "Limits", parts=(Passage("limits"),)),
    Section("methods", "Methods", "Methods", parts=(Passage("methods"),)),
    Section("provenance", "Provenance", "Provenance", parts=(Passage("provenance"),)),
    Section("cite", "Downloads and citation", "Downloads and citation", parts=(Passage("citation"),)),
)

FIGURES = {figure.name: figure for section in SECTIONS for figure in section.figures}
TABLES = {table.name: table for section in SECTIONS for table in section.tables}
#: figure -> its section's category
CATEGORIES = {figure.name: section.category for section in SECTIONS for figure in section.figures}


def had(entries: Mapping[str, FigureEntry] | Mapping[str, TableEntry], fulfilled: Collection[str]) -> list[str]:
    """Return the names of the figures or tables that a study has.

    Args:
        entries: :data:`FIGURES` or :data:`TABLES`.
        fulfilled: the needs that the study meets.
    """
    return [name for name, entry in entries.items() if entry.needs is None or entry.needs in fulfilled]
