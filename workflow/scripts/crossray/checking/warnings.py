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
            one if count is None else shown(count, whole, self.below)
            for one, count, whole in zip(given, counts, wholes, strict=True)
        )


def shown(count: int, whole: int | None, below: int) -> str:
    """Write a count, of how many if that is said beside it, so that it tells neither few nor all but few.

    Args:
        count: of patients, images or rows.
        whole: what it is a part of; None where that is not said.
        below: counts from 1 up to this one are not shown; 0 if all are.
    """
    if 0 < count < below:
        return f"<{below}"
    return "nearly all" if whole is not None and 0 < whole - count < below else f"{count}"


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
