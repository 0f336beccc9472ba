"""Remarks on irregular files: counted while many files are converted, logged otherwise."""

import contextlib
import contextvars
import logging
from collections import Counter
from collections.abc import Iterator

log = logging.getLogger(__name__)

_counts: contextvars.ContextVar[Counter[str] | None] = contextvars.ContextVar("counts", default=None)


def remark(text: str) -> None:
    """Say what was done about a file; ``text`` names a kind, never a file, and quotes nothing of a header."""
    counts = _counts.get()
    if counts is None:
        log.warning("%s", text)
    else:
        counts[text] += 1


@contextlib.contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count remarks by kind instead of logging each."""
    counts: Counter[str] = Counter()
    token = _counts.set(counts)
    try:
        yield counts
    finally:
        _counts.reset(token)
