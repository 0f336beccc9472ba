"""Identifiers as tables have them: words that stand for no patient, numbers that a spreadsheet rounded, near-twins."""

import logging
import posixpath
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from crossray.datasets.fields import as_seen, plain
from crossray.errors import UserError, listed, may_quote, quoted
from crossray.paths import folded

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)

#: words in small letters that name nobody
NOBODY = frozenset((
    "nan", "na", "n/a", "#n/a", "n.a.", "<na>", "none", "null", "nil", "unknown", "unk", "unbekannt", "inconnu",
    "desconocido", "sconosciuto", "onbekend", "not available", "not known", "no id", "missing", "todo", "tbd",
    "anonymous", "anonymized", "anonymised", "anon", "anonym", "removed", "deidentified", "de-identified", "redacted",
    "?", "??", "???", "-", "--", "---", "_", ".", "..",
))  # fmt: skip
#: numbers that may be the patient of that number, or stand for none
_NUMBERED = re.compile(r"-?0+(\.0+)?|-1(\.0)?|9{3,}|-9+")
#: images beyond which, and times the images of the next patient from which, one patient is told of
_MANY, _TIMES = 20, 10
#: a long number as spreadsheets write it, its last digits lost
_ROUNDED = re.compile(r"[+-]?(\d([.,]\d+)?[eE]\+|\d[.,]\d+[eE])\d{2,}")


def loosely(key: str) -> str:
    """Return a key as programs alter it.

    Without leading zeros, the .0 of a number, signs that are not seen, and the difference of capitals and blanks.
    """
    seen = as_seen(key)
    return folded(seen).removesuffix(".0").lstrip("0") or seen


def check_whole(texts: "pandas.Series", path: str, column: str) -> None:
    """Check that no identifier is a number in scientific notation, which many others have become too.

    Raises:
        UserError: if one is; the message names the row.
    """
    rounded = texts.index[texts.str.fullmatch(_ROUNDED)]
    if len(rounded):
        value = quoted(texts[rounded[0]], "a number such as 2.05E+37")
        raise UserError(
            f"{path}: row {rounded[0] + 2}, column {column}: {value} ({len(rounded)} such rows): a spreadsheet program "
            "took a long identifier for a number and lost its last digits. Export the table again with this column as "
            "text, or take the column from where it came"
        )


def say_near_twins(texts: "pandas.Series", path: str, column: str) -> None:
    """Warn of identifiers that differ as programs alter them (:func:`loosely`) alone."""
    values = texts[texts != ""].drop_duplicates()
    twins = values[values.map(loosely).duplicated(keep=False)]
    if len(twins):
        first = twins.iloc[0]
        pair = " and ".join(map(repr, twins[twins.map(loosely) == loosely(first)]))
        log.warning(
            "%s: column %s: %d of %d identifiers differ from another in capital letters, blanks, signs that are not "
            "seen, leading zeros or a final .0 alone%s; each counts as one of its own",
            path, column, len(twins), len(values), f", such as {pair}," if may_quote() else "",
        )  # fmt: skip


def known(texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Return identifiers of studies, empty where a word of :data:`NOBODY` stands for none; those are counted."""
    unknown = texts.isin([text for text in texts.unique() if plain(text) in NOBODY])
    if unknown.any():
        log.warning(
            "%s: column %s: %d of %d images have no study there but a word", path, column, unknown.sum(), len(texts)
        )
    return texts.mask(unknown, "")


def without_placeholders(
    patients: "pandas.Series", owners: "pandas.Series", nobody: Sequence[str], path: str, column: str
) -> "pandas.Series":
    """Make each image, or each study, whose patient is not known a patient by itself.

    Args:
        patients: identifiers of patients, by rows as in a spreadsheet less 2.
        owners: what such an image is told by: its study where that is known, else itself.
        nobody: words that the settings say name no patient, the empty one perhaps among them.
        path: the file of the identifiers, for messages.
        column: their column.

    Raises:
        UserError: if several images have one of :data:`NOBODY`, and the settings do not say what that is.
    """
    words = patients.map({text: plain(text) for text in patients.unique()}).astype("str")
    alone = words.isin([plain(word) for word in nobody])
    rest = words[~alone]
    unsaid = rest.isin(NOBODY) & rest.duplicated(keep=False)
    if unsaid.any():
        where = rest.index[unsaid][0]
        word = patients[where]
        raise UserError(
            f"{path}: row {where + 2}, column {column}: {quoted(word, 'a word such as unknown, nan or -')} seems to "
            f"name no patient, and {unsaid.sum()} of {len(patients)} images have such a word; together they would be "
            f"one patient. List it under no_patient, as no_patient: [{quoted(word, 'unknown')}], so that each of these "
            "images is a patient by itself, or write their patients there"
        )
    _say_many(rest[rest != ""], path, column)
    if alone.any():
        log.warning(
            "%s: column %s: %d of %d images have no patient, by no_patient; each is one by itself, so that images of "
            "one person may be in two splits",
            path, column, alone.sum(), len(alone),
        )  # fmt: skip
    return patients.mask(alone, owners.radd("no patient: "))


def _say_many(words: "pandas.Series", path: str, column: str) -> None:
    """Warn of a patient with so many images that it may stand for nobody."""
    counts = words.value_counts()
    if len(counts) < 2:
        return
    first, second = int(counts.iloc[0]), int(counts.iloc[1])
    suspicious = first > 2 and first > 2 * second and _NUMBERED.fullmatch(str(counts.index[0]))
    if suspicious or (first >= _MANY and first >= _TIMES * second):
        log.warning(
            "%s: column %s: %d of %d images are of one patient%s, the next has %d. If that is no patient list it under "
            "no_patient",
            path, column, first, len(words), f", {counts.index[0]!r}" if may_quote() else "", second,
        )  # fmt: skip


def say_shared_files(table: "pandas.DataFrame", tasks: Sequence[str], path: str) -> None:
    """Warn of files that several images have, as one row of each was meant, or another file.

    Args:
        table: one row an image, by rows as in a spreadsheet less 2, with ``path`` and the labels of tasks.
        tasks: whose labels are compared.
        path: the table's file, for the message.
    """
    files = table["path"].map(posixpath.normpath)
    shared = files[files.duplicated(keep=False)]
    if shared.empty:
        return
    labels = table.loc[shared.index, list(tasks)].fillna(-1)
    of_files = labels.groupby(shared)
    differ = int((of_files.min() != of_files.max()).any(axis=1).sum())
    first = shared.index[shared == shared.iloc[0]] + 2
    log.warning(
        "%s: %d files are those of several images with identifiers of their own, the first in rows %s; %d of these "
        "files have labels that differ. Take all rows but one of each out, or mend the paths",
        path, shared.nunique(), listed(first), differ,
    )  # fmt: skip
