"""Several processes that train one model together, one per GPU, on one machine or several.

``torch.distributed.run`` (torchrun) starts them and numbers them in environment variables. A program started directly
runs alone.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import torch.distributed

#: the first process may have to wait for a training that a stopped workflow left behind
_PATIENCE = timedelta(days=7)


def count() -> int:
    """Return how many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def count_here() -> int:
    """Return how many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def number() -> int:
    """Return the number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def number_here() -> int:
    """Return the number of this process on its machine, from 0."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def is_first() -> bool:
    """Return whether this is the process that takes locks, writes results and logs."""
    return number() == 0


def agreed(decide: Callable[[], bool]) -> bool:
    """Let the first process decide something, and return its decision in all of them."""
    if count() == 1:
        return decide()
    store = torch.distributed.PrefixStore("crossray", next(torch.distributed.rendezvous("env://"))[0])
    if is_first():
        store.set("decision", str(int(decide())))
    store.wait(["decision"], _PATIENCE)
    return bool(int(store.get("decision")))


def gathered(value: Any) -> list[Any]:
    """Return what every process has here, in the order of their numbers."""
    if count() == 1:
        return [value]
    values = [None] * count()
    torch.distributed.all_gather_object(values, value)
    return values


def total(counts: torch.Tensor) -> torch.Tensor:
    """Return the sum of a tensor over all processes."""
    if count() > 1:
        counts = counts.clone()
        torch.distributed.all_reduce(counts)
    return counts
