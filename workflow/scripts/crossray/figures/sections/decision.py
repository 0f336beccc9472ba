"""Sections of the decision: acceptance criteria, and films to read."""

from crossray.figures.entries import FigureEntry, Passage, Section, TableEntry

DECISION = Section(
    "decision",
    "Decision",
    "Can the model be used here?",
    parts=(
        Passage("decision"),
        FigureEntry(
            "acceptance",
            label="acceptance criteria",
            caption="Each acceptance criterion: the measured value with its 95% interval, and the required value.",
            tables=("acceptance",),
            settings=("models", "sources"),
            needs="acceptance",
        ),
        TableEntry("acceptance", "acceptance"),
        TableEntry("thresholds", "acceptance"),
        TableEntry("acceptance_groups", "acceptance"),
    ),
    category="Decision",
)

FILMS = Section(
    "films",
    "Films to read",
    "How many films have to be read?",
    parts=(
        Passage("films"),
        FigureEntry(
            "sample_sizes",
            label="films to read",
            caption="Images to read so that the interval of each number is as wide as wanted.",
            tables=("sample_sizes",),
            needs="plan",
        ),
        TableEntry("sample_sizes", "plan"),
        FigureEntry(
            "reading_gains",
            label="what a list of films saves",
            caption="Films of a simple random sample that say as much as one of the list, for each number.",
            tables=("reading_gains",),
            needs="readings",
        ),
        TableEntry("reading_gains", "readings"),
        FigureEntry(
            "read_films",
            label="estimates from films that were read",
            caption="Each number of each model with its 95% interval, estimated from the films that were read.",
            tables=("read_films",),
            needs="read",
        ),
        TableEntry("read_films", "read"),
    ),
    category="Decision",
)
