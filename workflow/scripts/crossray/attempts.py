"""Why a job failed, by its own and its scheduler's output, and whether to retry it.

An error of the user's is the same in every attempt. A job that was killed for its memory or at its time limit needs
more of that, and of nothing else; one that lost its node needs nothing.
"""

import enum
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: how much of a log is looked at, from its end, in bytes
_TAIL = 50_000


class Cause(enum.Enum):
    """What ended a job."""

    USER = "an error that a retry would not fix"
    MEMORY = "out of memory"
    TIME = "out of time"
    MACHINE = "its node, or somebody who cancelled it"
    UNKNOWN = "no cause was found"


#: in the order in which they are looked for: a job that is killed at its time limit is killed like one without memory
_SIGNS = (
    (Cause.MEMORY, r"OUT_OF_MEMORY|oom[-_]kill|out-of-memory handler|exceeded (?:job |step )?memory limit"),
    (Cause.TIME, r"'(?:TIMEOUT|DEADLINE)'|DUE TO TIME LIMIT|TERM_RUNLIMIT"),
    (Cause.MACHINE, r"'(?:NODE_FAIL|BOOT_FAIL|CANCELLED)[^']*'|CANCELLED AT|DUE TO (?:NODE FAIL|PREEMPT|JOB REQUEUE)"),
    (Cause.USER, r"sbatch failed(?s:.)*(?:[Ii]nvalid|not available|not permitted|[Rr]equested)"),
    (Cause.MEMORY, r"\bMemoryError\b|bad_alloc|can't allocate memory|[Cc]annot allocate memory|TERM_MEMLIMIT"),
    (Cause.MEMORY, r"(?m)\bKilled\b|exit (?:status|code) 137|died with <Signals\.SIGKILL"),
)  # fmt: skip
#: start of the last line of a program when the user has to fix something (:func:`crossray.program.run`)
_TOLD = re.compile(r"(?:\w+\.py: )?error: ")


@dataclass(frozen=True)
class Failure:
    """A cause, the text that shows it, and the file that contains the text, if any."""

    cause: Cause
    words: str = ""
    file: Path | None = None


def failure_of(message: str, logs: Iterable[Path], since: float = 0) -> Failure:
    """Return why a job failed.

    Args:
        message: of the scheduler.
        logs: of the program and of the scheduler; those that are not there are passed over.
        since: seconds since 1970; older logs are of an earlier job.
    """
    texts = {path: text for path in logs if (text := _tail(path, since))}
    for path, text in texts.items():
        last = text.rstrip().rpartition("\n")[2]
        if _TOLD.match(last):
            return Failure(Cause.USER, last, path)
    for cause, sign in _SIGNS:
        if found := re.search(sign, message):
            return Failure(cause, found.group(), next(reversed(texts), None))
        for path, text in texts.items():
            if found := re.search(sign, text):
                return Failure(cause, found.group(), path)
    return Failure(Cause.UNKNOWN)


def _tail(path: Path, since: float) -> str:
    """Return the end of a log, nothing where there is none or it was written before."""
    try:
        if path.stat().st_mtime < since:
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


class Attempts:
    """Watches what Snakemake logs of failed jobs; a filter of its logger that lets everything through.

    Args:
        since: when the run began, in seconds since 1970.
        find: returns a running job, with ``rule``, ``wildcards`` and ``resources``, by Snakemake's number.
        stop: keeps a job from being tried again.
        say: writes a line to the main output.
    """

    def __init__(
        self, since: float, find: Callable[[int], Any], stop: Callable[[int], None], say: Callable[[str], None]
    ) -> None:
        self._since, self._find, self._stop, self._say = since, find, stop, say
        self._short: Counter[tuple[object, ...]] = Counter()

    def short(self, rule: str, wildcards: Iterable[str], what: Cause) -> int:
        """Return how often a job was short of memory or time in this run; unknown ends count as both."""
        return self._short[rule, tuple(wildcards), what]

    def filter(self, record: Any) -> bool:
        """Look at a record of Snakemake's; its errors name a job and its logs, those of groups several jobs."""
        event = getattr(getattr(record, "event", None), "name", None)
        if event == "GROUP_ERROR":
            self._failed(record.job_error_info, record.aux_logs)
        elif event == "JOB_ERROR" and not record.indent:
            self._failed([vars(record)], [])
        return True

    def _failed(self, infos: Iterable[Mapping[str, Any]], more: Iterable[str]) -> None:
        """Note why jobs that were one for the scheduler failed, and say what can be done."""
        infos = list(infos)
        logs = [Path(name) for info in infos for name in info["log"]] + [Path(name) for name in more if name]
        failure = failure_of(str(infos[0]["rule_msg"] or ""), logs, self._since)
        for info in infos:
            job = self._find(info["jobid"])
            if job is None:
                continue
            if failure.cause is Cause.USER:
                self._stop(info["jobid"])
            for what in (Cause.MEMORY, Cause.TIME):
                if failure.cause in (what, Cause.UNKNOWN):
                    self._short[job.rule.name, tuple(job.wildcards), what] += 1
        if advice := _advice(failure, infos, self._find(infos[0]["jobid"])):
            self._say(advice)


def _advice(failure: Failure, infos: list[Mapping[str, Any]], job: Any) -> str:
    """Return the main output's line about a failure."""
    who = ", ".join(dict.fromkeys(info["rule_name"] for info in infos)) + f" (job {infos[0]['jobid']})"
    where = f"; see {failure.file}" if failure.file else ""
    asked = {Cause.MEMORY: "mem_mb", Cause.TIME: "runtime"}.get(failure.cause)
    if failure.cause is Cause.USER:
        return f"{who} is not retried, as that would not fix it: {failure.words}{where}"
    if asked:
        had = getattr(getattr(job, "resources", None), asked, None)
        return f"{who} was {failure.cause.value}, with {asked}={had}; another attempt asks for more{where}"
    return ""
