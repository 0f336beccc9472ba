"""Files in the system's page cache and out of it, by a hint that needs no rights, and what a process read of disks."""

import os
from collections.abc import Iterable
from pathlib import Path


def forget(paths: Iterable[Path]) -> None:
    """Write files to the disk and drop their pages; pages that a process has mapped and touched stay."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # only what is on the disk is dropped
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def recall(paths: Iterable[Path]) -> None:
    """Read files once, so that their pages are there."""
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


def gigabytes_from_disk() -> float:
    """Return how much this process has caused to be read from disks, in GB; what the cache had does not count."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes")) / 1e9
