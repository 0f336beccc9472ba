"""Exceptions whose texts are written for people."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something that a user can cause and mend: a setting, a file, a row, a label.

    The message says what is wrong, where, what is allowed and what to do. Programs print it as one line
    without a traceback (:func:`crossray.program.run`).
    """


#: the reason of an image whose file is not there
FILE_NOT_FOUND = "file not found"


class UnusableImageError(Exception):
    """An image file that cannot be used; the message is the reason for ``rejected.csv``."""


def listed(names: Iterable[object], limit: int = 5) -> str:
    """Join the first ``limit`` of ``names`` for a message and say how many more there are."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


@contextmanager
def raised_as(kind: type[Exception]) -> Iterator[None]:
    """Raise a :class:`UserError` as an exception of another kind, which the caller's caller tells in one line."""
    try:
        yield
    except UserError as error:
        raise kind(str(error)) from None
