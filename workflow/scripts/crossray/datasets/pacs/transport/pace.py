"""The pace at which an archive is asked: requests a second, hours of the day, and patience where it fails."""

import datetime
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from crossray.datasets.pacs.archive import NotReceived, Unreachable
from crossray.datasets.pacs.options import Limits

log = logging.getLogger(__name__)

T = TypeVar("T")

#: seconds before the second attempt; each further pause is twice as long, up to the longest
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


class Pace:
    """When the next request may go, over all threads.

    Args:
        limits: requests a second, hours and attempts.
        now: this moment, by the machine's clock.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        limits: Limits,
        now: Callable[[], datetime.datetime] = datetime.datetime.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits, self._now, self._sleep = limits, now, sleep
        self._lock = threading.Lock()
        self._next = now()

    def wait(self) -> None:
        """Wait until a request may go."""
        with self._lock:
            if self._limits.hours and (seconds := seconds_until(self._limits.hours, self._now())):
                log.info("the archive is asked at %s only; waiting for %.1f hours", self._limits.hours, seconds / 3600)
                while seconds := seconds_until(self._limits.hours, self._now()):
                    self._sleep(min(seconds, 60.0))
            due = max(self._next, self._now())
            self._next = due + datetime.timedelta(seconds=1 / self._limits.per_second)
        if (ahead := (due - self._now()).total_seconds()) > 0:
            self._sleep(ahead)

    def patiently(self, ask: Callable[[], T]) -> T:
        """Ask until there is an answer, as often as the limits say.

        Raises:
            Unreachable, NotReceived: of the last attempt.
        """
        pause = FIRST_PAUSE
        for _ in range(self._limits.attempts - 1):
            try:
                return ask()
            except (Unreachable, NotReceived):
                self._sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        return ask()


def seconds_until(hours: str, now: datetime.datetime) -> float:
    """Return the seconds until hours of the day begin, 0 within them; such as 19:00-06:30, over midnight too."""
    begin, end = (datetime.time.fromisoformat(part) for part in hours.split("-"))
    time_of_day = now.time()
    inside = begin <= time_of_day < end if begin < end else time_of_day >= begin or time_of_day < end
    if inside:
        return 0.0
    start = datetime.datetime.combine(now.date(), begin)
    return ((start if start > now else start + datetime.timedelta(days=1)) - now).total_seconds()
