"""Parts of names and identifiers, found by regular expressions with one group."""

import logging
import re
from typing import TYPE_CHECKING

from crossray.errors import UserError

if TYPE_CHECKING:
    import pandas

log = logging.getLogger(__name__)


def wrong_expression(pattern: str) -> str | None:
    """Return what is wrong with a regular expression; None if nothing is."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"{pattern!r} is not a regular expression ({error})"
    return None


def wrong_group(pattern: str) -> str | None:
    """Return what is wrong with a regular expression that must have one group; None if nothing is."""
    if words := wrong_expression(pattern):
        return words
    groups = re.compile(pattern).groups
    return None if groups == 1 else f"{pattern!r} has {groups} groups in brackets; one must hold what is meant"


def group_where_it_fits(pattern: str, texts: "pandas.Series", what: str) -> "pandas.Series":
    """Return the group of a regular expression in each text, empty where it does not fit; those are counted.

    Args:
        pattern: with one group.
        texts: one an image.
        what: is to be found, for the log.
    """
    found = texts.str.extract(re.compile(pattern))[0]
    if found.isna().any():
        log.warning(
            "the pattern of %s does not fit %d of %d images; theirs is unknown", what, found.isna().sum(), len(texts)
        )
    return found.fillna("").astype("str")


def group_of(pattern: str, texts: "pandas.Series", path: str, column: str) -> "pandas.Series":
    """Return the group of a regular expression in each text, by rows as in a spreadsheet less 2.

    Raises:
        UserError: if it does not fit a text; the message names the row.
    """
    found = texts.str.extract(re.compile(pattern))[0]
    without = found.index[found.isna()]
    if len(without):
        raise UserError(
            f"{path}: row {without[0] + 2}, column {column}: the pattern {pattern!r} does not fit "
            f"({len(without)} of {len(texts)} rows); it must fit all"
        )
    return found.astype("str")
