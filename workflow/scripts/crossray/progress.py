"""Progress in the terminal: one line per finished job, with the remaining time, and the end of a failed job's log.

Snakemake's log file keeps everything. The events of its log records are those of its interface for logger plugins.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

#: lines of a failed job's log that are shown
LINES = 25
#: seconds that a job is reckoned to take as long as none of its rule has finished
_SHORT = 5.0
#: records that say nothing to a person who waits
_HIDDEN = {"job_info", "job_started", "job_finished", "resources_info", "shellcmd", "group_info"}
_CHATTER = ("Select jobs to execute", "DAG of jobs will be updated", "Complete log(s)", "Removing temporary output")


class Progress(logging.Filter):
    """A filter for the terminal handler that prints progress instead of the records of single jobs.

    Args:
        long: rules whose jobs may take long; while one of them remains and none has finished, no time left is named.
        stream: where to print.
        clock: seconds, from anywhere.
    """

    def __init__(
        self,
        long: frozenset[str] = frozenset(),
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._long, self._stream, self._clock = long, stream or sys.stderr, clock
        self._begun = clock()
        self._jobs: dict[int, tuple[str, str, float]] = {}
        self._planned: dict[str, int] = {}
        self._spent: dict[str, list[float]] = {}
        self._finished: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether Snakemake prints a record itself."""
        event = str(getattr(record, "event", None) or "")
        values = vars(record)
        if event == "run_info":
            self._planned = {name: count for name, count in values["stats"].items() if name != "total"}
        elif event == "job_info":
            self._jobs[values["jobid"]] = (values["rule_name"], _words(values["wildcards"]), self._clock())
        elif event == "job_finished":
            self._finish(values["job_id"])
        elif event == "progress":
            self._print_progress(values["done"], values["total"])
            return False
        elif event == "job_error":
            self._print_error(values)
            return False
        message = record.getMessage()
        if event == "error" and "CalledProcessError" in message:
            return False  # the command of a job that failed, whose log was shown
        return event not in _HIDDEN and not message.startswith(_CHATTER)

    def _finish(self, number: int) -> None:
        rule, words, begun = self._jobs.get(number, ("a job", "", self._clock()))
        seconds = self._clock() - begun
        self._spent.setdefault(rule, []).append(seconds)
        self._finished.append(f"{rule}{words} ({_span(seconds)})")

    def _print_progress(self, done: int, total: int) -> None:
        names, self._finished = ", ".join(self._finished), []
        left = self.seconds_left()
        ending = f"; about {_span(left)} left" if left is not None and done < total else ""
        self._print(f"{done} of {total} done: {names}{ending}")

    def seconds_left(self) -> float | None:
        """Estimate the remaining time from the finished jobs of each rule; None if unknown."""
        if not self._planned:
            return None
        work = 0.0
        for rule, count in self._planned.items():
            spent = self._spent.get(rule, [])
            remaining = max(0, count - len(spent))
            if remaining and not spent and rule in self._long:
                return None
            work += remaining * (sum(spent) / len(spent) if spent else _SHORT)
        spent_in_all = sum(map(sum, self._spent.values()))
        elapsed = self._clock() - self._begun
        return work * elapsed / spent_in_all if spent_in_all else None

    def _print_error(self, values: Mapping[str, Any]) -> None:
        rule, words, _ = self._jobs.get(values["jobid"], (values["rule_name"], "", 0))
        self._print(f"\n{rule}{words} failed.")
        for path in map(Path, values["log"]):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
            shown = "\n".join(f"    {line}" for line in lines[-LINES:])
            self._print(f"The end of its log {path}:\n{shown}" if shown.strip() else f"Its log {path} is empty.")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def _words(wildcards: Mapping[str, Any] | None) -> str:
    return "".join(f" {value}" for value in (wildcards or {}).values())


def _span(seconds: float) -> str:
    """Write a duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
