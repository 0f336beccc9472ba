"""Work of many equal parts, spread over processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

Part = TypeVar("Part")
Result = TypeVar("Result")

#: what the parts of a process are given to; set when it starts
_work: Callable[[Any], Any] | None = None


def results(work: Callable[[Part], Result], parts: Sequence[Part], processes: int) -> Iterator[tuple[Part, Result]]:
    """Yield each part with its result, in the order of ``parts``.

    Linear algebra runs in one thread a process, so that the number of processes changes no digit.

    Args:
        work: called with each part; sent to each process once, so it may hold much.
        parts: what it is called with.
        processes: how many; one is this one.
    """
    count = min(processes, len(parts))
    if count <= 1:
        with threadpool_limits(1):
            yield from zip(parts, map(work, parts), strict=True)
        return
    with ProcessPoolExecutor(count, initializer=_start, initargs=(work,)) as pool:
        yield from zip(parts, pool.map(_result, parts), strict=True)


def _start(work: Callable[[Any], Any]) -> None:
    """Keep the work in a new process."""
    global _work
    threadpool_limits(1)
    _work = work


def _result(part: Any) -> Any:
    assert _work is not None
    return _work(part)
