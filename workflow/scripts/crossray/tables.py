"""The tables that pass from stage to stage as CSV: one typed reader, and which rows of them a report shows.

A name stays the text that it is, be it of a data set, a task, a model or a patient, and be it ``NA``, ``null``,
``2017``, ``01`` or ``1e5``. Nothing is guessed: the columns that hold text are listed here, and all others hold numbers
or flags.
"""

from pathlib import Path

import pandas as pd

from crossray.errors import UserError
from crossray.files import with_texts
from crossray.texts import from_cell

#: the name of the ensemble, in the column ``seed``
ENSEMBLE = "ensemble"
#: the name of the mean over a cell's tasks, in the column ``task``
MEAN_OF_TASKS = "mean of tasks"

#: in place of a count that is not shown, beside ``<5`` and the like (:mod:`crossray.small_cells`)
HIDDEN = "hidden"
_SMALL = r"<\d+"

#: columns that hold text, in whatever table they stand
TEXTS = frozenset({
    "architecture", "attribute", "beside", "choice", "chosen_on", "condition", "correction", "criterion", "dataset",
    "features", "finding", "first", "first_seed", "fixed", "group", "image_id", "interval", "kind", "label_rule",
    "left_out", "measure", "method", "metric", "model", "other", "other_dataset", "other_image_id", "others", "outcome",
    "path", "patient_id", "penalty", "place", "predicted", "predicted_class", "property", "quantity", "reason",
    "released_image_id", "released_patient_id", "released_study_id", "role", "rule", "runs", "scale", "second",
    "second_seed", "seed", "setting", "source", "split", "step", "sweep", "target", "task", "test_dataset",
    "threshold_reason", "true_class", "value", "verdict", "weights", "where", "why",
})  # fmt: skip

#: table -> columns that hold numbers there, and text elsewhere
NUMBERS = {
    "head_places": {"first", "second"},
    "shift": {"other"},
    "shift_acceptance": {"seed", "value"},
    "shift_truth": {"seed"},
}


def read(path: Path) -> pd.DataFrame:
    """Read one of the workflow's own tables; an empty cell is a missing value, and nothing else is.

    Texts are again what they were before :func:`crossray.files.write_csv` made cells of them. A count that is not shown
    (``<5``, ``hidden``) is a missing number; :func:`with_marks` brings the words back.

    Raises:
        UserError: if a column of numbers holds something else, as in a file that was edited.
    """
    texts = _texts(path)
    table = pd.read_csv(path, dtype=dict.fromkeys(texts, "str"), keep_default_na=False, na_values=[""])
    for column in table.columns.difference(list(texts)):
        if _marked(table[column]).any():
            table[column] = pd.to_numeric(table[column].mask(_marked(table[column])), errors="coerce")
        if not _holds_numbers(table[column]):
            raise UserError(f"{path}: column {column} holds other things than numbers; delete the file and run again")
    return with_texts(table, from_cell)


def with_marks(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return rows of a table with ``<5`` and ``hidden`` in place of the numbers that its file does not show.

    Args:
        table: rows of :func:`read`, in whatever order, under the index that they had.
        path: the file.
    """
    written = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    marked = {name: _marked(written[name]) for name in written.columns.difference(list(_texts(path)))}
    changed = {
        name: table[name].astype(object).where(~where.reindex(table.index), written[name].reindex(table.index))
        for name, where in marked.items()
        if where.any() and name in table
    }
    return table.assign(**changed)


def _texts(path: Path) -> frozenset[str]:
    return TEXTS - NUMBERS.get(path.stem, set())


def _marked(column: pd.Series) -> pd.Series:
    """Return which cells say that a count is not shown."""
    if pd.api.types.is_numeric_dtype(column):
        return pd.Series(False, column.index)
    texts = column.astype("str")
    return texts.eq(HIDDEN) | texts.str.fullmatch(_SMALL)


def _holds_numbers(column: pd.Series) -> bool:
    """Return whether a column holds numbers or flags alone; incomplete flags have no type of their own."""
    return pd.api.types.is_numeric_dtype(column) or column.dropna().map(lambda cell: isinstance(cell, bool)).all()


def reported(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a report shows: the ensemble where there are several seeds, else the only seed."""
    ensemble = table[table["seed"] == ENSEMBLE]
    return ensemble if len(ensemble) else table
