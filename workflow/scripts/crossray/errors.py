"""Exceptions with messages for users, and what messages may contain of data that are not public."""

import contextlib
import contextvars
import os
from collections.abc import Iterable, Iterator, Sequence

#: environment variable that lets messages quote values of data whatever they are, for those who look for a mistake
SHOW_VALUES = "CROSSRAY_SHOW_VALUES"

_public: contextvars.ContextVar[bool] = contextvars.ContextVar("public", default=False)

#: signs of a message; where a name of thousands is quoted its middle is left out, and the advice at its end stays
_LONGEST = 1500


class UserError(Exception):
    """An error that a user can cause and fix: a setting, a file, a row, a label.

    The message says what is wrong, where, what is allowed and what to do. Programs print it as one line without a
    traceback (:func:`crossray.program.run`), with unprintable signs written out. Values and names of a release go
    through :func:`quoted` and :func:`named`, as they may be those of a patient.
    """

    def __init__(self, message: str) -> None:
        half = _LONGEST // 2
        text = message if len(message) <= _LONGEST else f"{message[:half]} ... {message[-half:]}"
        super().__init__("".join(map(_printed, text)))


def _printed(sign: str) -> str:
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode()


#: the reason of an image whose file is not there
FILE_NOT_FOUND = "file not found"


class UnusableImageError(Exception):
    """An image file that cannot be used; the message is the reason for ``rejected.csv``."""


def cut(text: str, limit: int = 200) -> str:
    """Return a text for a message, of a long one how it begins."""
    return text if len(text) <= limit else f"{text[:limit]}..."


@contextlib.contextmanager
def speaking_of(public: bool) -> Iterator[None]:
    """Say whether the data that are worked on are public, so that messages may quote them; otherwise they may not."""
    token = _public.set(public)
    try:
        yield
    finally:
        _public.reset(token)


def may_quote() -> bool:
    """Return whether a message may quote the data that are worked on."""
    return _public.get() or os.environ.get(SHOW_VALUES) == "1"


def quoted(value: object, otherwise: str) -> str:
    """Write a value of a release for a message; of data that are not public ``otherwise``, which says no value."""
    return repr(str(value)) if may_quote() else otherwise


def named(names: Sequence[object], kind: str, limit: int = 5) -> str:
    """List names that a release gave, of columns, files or findings; of data that are not public count the ``kind``."""
    return listed(names, limit) if may_quote() else f"{len(names)} {kind}"


def placed(names: Iterable[object], among: Sequence[object]) -> str:
    """List names of columns or sheets that a release gave; of data that are not public their places, from 1."""
    wanted = list(names)
    if may_quote():
        return listed(wanted)
    return listed([f"number {place}" for place, name in enumerate(among, start=1) if name in wanted])


def listed(names: Iterable[object], limit: int = 5) -> str:
    """Join the first ``limit`` of ``names`` for a message, long ones cut, and say how many more there are."""
    texts = [cut(str(name)) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


@contextlib.contextmanager
def told_at_once() -> Iterator[None]:
    """End the process with one line after a :class:`UserError` or Ctrl-C.

    Under an exception of its own Snakemake shows where in the rules it was raised, which says nothing to a user.
    """
    try:
        yield
    except UserError as error:
        raise SystemExit(f"error: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("stopped by Ctrl-C") from None


@contextlib.contextmanager
def raised_as(kind: type[Exception]) -> Iterator[None]:
    """Raise a :class:`UserError` in place of an exception of another kind, to be reported in one line."""
    try:
        yield
    except UserError as error:
        raise kind(str(error)) from None
