"""What readers warn of while ``check`` reads a data set: lines of its page, not of a log alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral


class _Listener(logging.Handler):
    """Keeps warnings as text, in which counts below a limit are not shown."""

    def __init__(self, told: list[str], below: int) -> None:
        super().__init__(logging.WARNING)
        self.told, self.below = told, below

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning once."""
        given = record.args if isinstance(record.args, tuple) else ()
        text = str(record.msg).replace("%d", "%s") % self._shown(given) if given else record.getMessage()
        if text not in self.told:
            self.told.append(text)

    def _shown(self, given: tuple[object, ...]) -> tuple[object, ...]:
        """Return what fills a text; of two counts one after the other the second is all of which the first is some."""
        counts = [int(one) if isinstance(one, Integral) else None for one in given]
        wholes = [*counts[1:], None]
        return tuple(
            one
            if count is None
            else f"<{self.below}"
            if 0 < count < self.below
            else "nearly all"
            if whole is not None and 0 < whole - count < self.below
            else count
            for one, count, whole in zip(given, counts, wholes, strict=True)
        )


@contextmanager
def heard(below: int) -> Iterator[list[str]]:
    """Collect what readers warn of.

    Args:
        below: counts from 1 up to this one are not shown; 0 if all are.
    """
    told: list[str] = []
    listener, log = _Listener(told, below), logging.getLogger("crossray.datasets")
    log.addHandler(listener)
    try:
        yield told
    finally:
        log.removeHandler(listener)
