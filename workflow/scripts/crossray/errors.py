"""Exceptions whose texts are written for people."""

from collections.abc import Iterable

#: signs of a message; where a name of thousands is quoted its middle is left out, and the advice at its end stays
_LONGEST = 1500


class UserError(Exception):
    """Something that a user can cause and mend: a setting, a file, a row, a label.

    The message says what is wrong, where, what is allowed and what to do. Programs print it as one line
    without a traceback (:func:`crossray.program.run`). What is no printed sign in it, as in a name of a file, is
    written out: nothing that a message quotes can break its line or steer a terminal.
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


def listed(names: Iterable[object], limit: int = 5) -> str:
    """Join the first ``limit`` of ``names`` for a message, long ones cut, and say how many more there are."""
    texts = [cut(str(name)) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more
