"""Files of scores of models that were trained elsewhere: read, checked, and brought to a manifest's identifiers.

A reader's file, a vendor's and a colleague's are alike: a column that names the image, study or patient, and one a
task.
"""

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossray.datasets.fields import why_no_numbers, with_points
from crossray.datasets.sheets import read_table
from crossray.errors import UserError, listed, quoted
from crossray.paths import folded
from crossray.study.names import BINARY_ANSWER, LOGIT, SCORE, UNITS
from crossray.study.stages.read_scores import ReadScores

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: words in small letters of a cell without a score
NO_SCORE = ("", "na", "n/a", "#n/a", "<na>", "nan", "none", "null", "-", "refused", "rejected", "error")

#: key -> column of a table of files (:class:`crossray.tables.lookup.Lookup`) that has it as released, and what it names
_RELEASED = {
    "image_id": ("released_image_id", "image"),
    "study_id": ("released_study_id", "study"),
    "accession": ("released_study_id", "study"),
    "patient_id": ("released_patient_id", "patient"),
}


def read_scores(path: str, settings: ReadScores) -> "pd.DataFrame":
    """Read a file of scores: CSV, perhaps compressed, Excel or Parquet.

    Args:
        path: the file.
        settings: which columns, and what scores can be.

    Returns:
        The identifiers as text in the column ``key``, then one float64 column for each task that the file has, NaN
        where the model gave no score. Its index is the row as in a spreadsheet, the header being row 1, less 2.

    Raises:
        UserError: if a column is missing, an identifier is missing or there twice, or a score is none that can be.
    """
    key = settings.columns.get(settings.key, settings.key)
    named = {task: settings.columns[task] for task in settings.tasks if task in settings.columns}
    table = read_table(path, [key, *named.values()])
    columns = named | {task: task for task in settings.tasks if task not in named and task in table}
    _check_unclear(table, [task for task in settings.tasks if task not in columns], path)
    if not columns:
        raise UserError(
            f"{path}: has no column of a task of this study ({listed(settings.tasks, 20)}); name them under columns, "
            "as in columns: { Effusion: pleural_effusion_score }"
        )
    found = table[[]].assign(key=table[key].str.strip())
    _check_identifiers(found["key"], path, key)
    return found.assign(**{task: _scores(table[name], path, name, settings) for task, name in columns.items()})


def _check_unclear(table: "pd.DataFrame", tasks: Sequence[str], path: str) -> None:
    """Check that no column is nearly that of a task without one: written otherwise, or one of several of its name."""
    for task in tasks:
        of_that_name = re.compile(rf"{re.escape(folded(task))}( \(column \d+\))?")
        if near := [name for name in table if of_that_name.fullmatch(folded(name))]:
            raise UserError(
                f"{path}: has no column {task}, a task of this study, but {listed(near)}; name the one that is meant "
                f"under columns, as in columns: {{ {task}: {near[0]} }}"
            )


def _check_identifiers(identifiers: "pd.Series", path: str, column: str) -> None:
    """Check that each row names something, and that nothing is named twice."""
    empty = identifiers.index[identifiers == ""]
    if len(empty):
        raise UserError(f"{path}: row {empty[0] + 2}, column {column}: names nothing ({len(empty)} such rows in all)")
    twice = identifiers[identifiers.duplicated(keep=False)]
    if len(twice):
        rows = twice.index[twice == twice.iloc[0]] + 2
        value = quoted(twice.iloc[0], "a value")
        raise UserError(
            f"{path}: column {column}: {value} stands in rows {listed(rows)} ({twice.nunique()} such values in all); "
            "keep one row of each, or name as key what a row is about"
        )


def _scores(texts: "pd.Series", path: str, column: str, settings: ReadScores) -> "pd.Series":
    """Return scores as numbers, and check that they are on the scale."""
    import numpy as np
    import pandas as pd

    words = with_points(texts.str.strip())
    missing = words.str.lower().isin(NO_SCORE)
    values = pd.to_numeric(words.mask(missing), errors="coerce").astype(float)
    wrong = ~np.isfinite(values) & ~missing
    _refuse(wrong, path, column, why_no_numbers(words[wrong], "not a number; leave it empty where there is no score"))
    known = values.dropna()
    if settings.limits is not None:
        low, high = settings.limits
        outside = (values < low) | (values > high)
        _refuse(outside, path, column, f"not from {low:g} to {high:g}, which scale says that scores are")
    if settings.scale == BINARY_ANSWER:
        _refuse(values.notna() & ~values.isin([0, 1]), path, column, "neither 0 nor 1, and scale is binary")
    elif settings.scale in (SCORE, LOGIT) and len(known) and known.isin([0, 1]).all():
        raise UserError(
            f"{path}: column {column}: holds 0 and 1 alone, which are answers and no scores; set scale: binary"
        )
    return values


def _refuse(wrong: "pd.Series", path: str, column: str, words: str) -> None:
    """Raise an error that names the first row of a column in which something is wrong."""
    rows = wrong.index[wrong]
    if len(rows):
        raise UserError(f"{path}: row {rows[0] + 2}, column {column}: {words} ({len(rows)} such rows in all)")


def with_identifiers(
    scores: "pd.DataFrame", manifest: "pd.DataFrame", lookup: "pd.DataFrame", settings: ReadScores, path: str
) -> "pd.DataFrame":
    """Give scores the identifiers of a manifest.

    Args:
        scores: as :func:`read_scores` returns them.
        manifest: of the data set.
        lookup: its images as the release names them.
        settings: the key, and what is done about rows of others.
        path: the file of scores, for messages.

    Returns:
        The manifest's name of the image, study or patient in the first column, as ``image_id``; then the tasks.

    Raises:
        UserError: if rows name what the data set does not have, unless they are left out, or if it has none of them.
    """
    import pandas as pd

    from crossray.manifest import of_several_patients

    released, unit = _RELEASED[settings.key]
    rows = lookup.merge(manifest[["image_id", "study_id", "patient_id"]], on="image_id", how="left")
    if unit == "study" and (shared := of_several_patients(rows["study_id"], rows["patient_id"])):
        raise UserError(
            f"{path}: {settings.key}: {shared} of {rows['study_id'].nunique()} values of the data set's study_id stand "
            "at several patients, so they tell no study; name a column that tells the studies of all patients apart "
            "(columns: { study_id: COLUMN }), such as the accession number, or give scores by image or by patient"
        )
    here = rows.dropna(subset=[released, UNITS[unit]]).drop_duplicates(released)
    names = pd.Series(here[UNITS[unit]].to_numpy(), here[released].astype(str))
    found = scores["key"].map(names)
    unknown = scores.index[found.isna()]
    if len(unknown) == len(scores):
        hint = ""
        if settings.key == "accession":
            hint = "; it is compared with the data set's study_id: name its column, columns: { study_id: accession }"
        raise UserError(
            f"{path}: the data set has no {unit} that a row names ({len(scores)} rows); is {settings.key} the right "
            f"key, and the file that of this data set?{hint}"
        )
    if len(unknown) and settings.unknown_ids == "stop":
        value = quoted(scores["key"][unknown[0]], "the value")
        raise UserError(
            f"{path}: row {unknown[0] + 2}: {value} is no {unit} of the data set ({len(unknown)} such rows in all); "
            "take such rows out, or set unknown_ids: leave out"
        )
    if len(unknown):
        log.warning("%s: %d rows name no %s of the data set and are left out", path, len(unknown), unit)
    known = scores.drop(columns="key").assign(**{UNITS[unit]: found}).dropna(subset=UNITS[unit])
    log.info("%s: %d of %d %ss of the data set have a row", path, len(known), here[UNITS[unit]].nunique(), unit)
    return known[[UNITS[unit], *tasks_of(scores)]].reset_index(drop=True)


def tasks_of(scores: "pd.DataFrame") -> list[str]:
    """Return the tasks that a file has scores of."""
    return [name for name in scores if name != "key"]
