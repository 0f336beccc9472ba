"""What all benchmarks share: times of contenders in turn, peak memory, the table that is written.

A contender is measured beside the others, one after the other and again, so that a machine that is slower for a minute
is slower for all: ratios mean more than seconds.
"""

import csv
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow/scripts"
RESULTS = ROOT / "benchmarks/results"

COLUMNS = ["case", "contender", "unit", "median", "low", "high", "repetitions", "peak_mb"]


@dataclass(frozen=True)
class Row:
    """A quantity of one contender in one case; a case compares contenders that do the same.

    Attributes:
        case: what is done.
        contender: who does it.
        values: one for each repetition.
        unit: of the values; ``s`` for seconds, for one image, batch, call, ... as the case says.
        peak_mb: most memory of the process, in MB; None if it says nothing of this contender alone.
    """

    case: str
    contender: str
    values: Sequence[float]
    unit: str = "s"
    peak_mb: float | None = None

    def cells(self) -> list[str]:
        """Return the row of the table: median, smallest and largest value, with four digits."""
        middle, low, high = statistics.median(self.values), min(self.values), max(self.values)
        numbers = [f"{value:.4g}" for value in (middle, low, high)]
        peak = "" if self.peak_mb is None else f"{self.peak_mb:.0f}"
        return [self.case, self.contender, self.unit, *numbers, str(len(self.values)), peak]


def interleaved(
    case: str, contenders: Mapping[str, Callable[[], object]], repetitions: int, counts: Mapping[str, int] | None = None
) -> Iterator[Row]:
    """Time contenders in turn, after a first run of each that does not count.

    Args:
        case: what they all do.
        contenders: name -> what to call.
        repetitions: how often each is timed.
        counts: name -> images, batches, ... in one call, where there are several; times are for one of them.

    Yields:
        A row for each contender.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    peaks = dict.fromkeys(contenders, 0.0)
    for round_number in range(repetitions + 1):
        for name, call in contenders.items():
            forget_peak()
            start = time.perf_counter()
            call()
            if round_number:
                times[name].append((time.perf_counter() - start) / (counts or {}).get(name, 1))
            peaks[name] = max(peaks[name], peak_mb())
    for name, values in times.items():
        yield Row(case, name, values, peak_mb=peaks[name])


def peak_mb() -> float:
    """Return the most memory that this process has had, in MB; what its parent had does not count."""
    return _memory("VmHWM")


def forget_peak() -> None:
    """Let the peak begin anew with what this process has now (Linux: 5 into clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def own_mb() -> float:
    """Return the memory that is this process's own, in MB: files that are mapped do not count, they can leave it."""
    return _memory("RssAnon")


def _memory(name: str) -> float:
    """Return an entry of Linux's account of this process; it is in kB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) / 1e3


def program(*words: str | Path, folder: Path = ROOT) -> float:
    """Run a Python program to its end in a folder; return seconds.

    Raises:
        SystemExit: if it fails; with what it said.
    """
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - start


def with_threads(threads: int) -> dict[str, str]:
    """Return an environment in which libraries use so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONPATH": str(SCRIPTS), "TQDM_DISABLE": "1"}


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and what it starts, on one core: some codecs take all that there are."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def missing(*modules: str) -> list[str]:
    """Return which of a peer's modules are not installed, and say so."""
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    if absent:
        print(f"  not installed: {', '.join(absent)}; that peer is left out", flush=True)
    return absent


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV, and print each as soon as it is there."""
    lines = []
    for row in rows:
        lines.append(row.cells())
        shown = f"{lines[-1][3]} {row.unit} ({lines[-1][4]} to {lines[-1][5]})"
        print(f"  {row.case:<38} {row.contender:<28} {shown}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *lines])
