"""What strikes a run of the tiny study: signals, full disks, damaged files; and what must be as if nothing had been."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import h5py

from workflow_helpers import command, copy_workflow, same_key, started

#: what holds a clock or a process stands apart from what holds a result
RESULTS = ("results/datasets", "results/tiny")
#: how a run is ended
KINDS = ("kill all", "Ctrl-C", "SIGTERM", "kill Snakemake")


def contents(folder):
    """Return the bytes of every final file of a study, but for its page, which names the day."""
    files = [path for part in RESULTS for path in (folder / part).rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.endswith((".partial", ".ckpt"))]
    final = [path for path in files if path.name not in ("report.html", ".lock", ".snakemake_timestamp")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in final}


def differences(one, other):
    """Return the files that are in one folder only or differ."""
    here, there = contents(one), contents(other)
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))


def unmade(finished, folder):
    """Return a checkout without results that makes the same pseudonyms as a finished one."""
    checkout = copy_workflow(folder)
    shutil.copyfile(finished.folder / "tiny.yaml", folder / "tiny.yaml")
    same_key(folder)
    return checkout


def start(folder, *words, python=sys.executable):
    """Start Snakemake on the tiny study."""
    return started(command(*words, python=python), folder, folder / "run.log")


#: seconds that a scheduler waits between SIGTERM and SIGKILL, a person before losing patience
GRACE = 120


def strike(process, kind):
    """End a run as a machine, a scheduler or a person would.

    Who asks a run to end and sees that it does not, kills it: Snakemake 9.27 waits for itself for ever if a signal
    reaches it while it updates its graph (its handler wants a lock that the interrupted code holds).
    """
    if kind == "kill Snakemake":
        process.kill()
    elif kind == "kill all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.killpg(process.pid, signal.SIGINT if kind == "Ctrl-C" else signal.SIGTERM)
        try:
            process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=600)


def jobs_begun(folder):
    """Count the jobs that Snakemake has begun."""
    return len(re.findall(r"^(?:local)?(?:rule|checkpoint) \w+:$", (folder / "run.log").read_text(), re.MULTILINE))


def jobs_ended(folder):
    """Count the jobs that have ended well."""
    return (folder / "run.log").read_text().count("Finished jobid")


def files_written(folder):
    """Count the files of results, finished or not, and of work in progress."""
    return sum(len(files) for _, _, files in os.walk(folder / "results"))  # folders may go meanwhile


#: what a blow waits for, counted from the start of the run that it strikes
EVENTS = (jobs_begun, jobs_ended, files_written)
#: the largest number of them; so few jobs end before a blow that the run is never over before the last one
LATEST = 3


def damage(shard):
    """Turn over one bit of a pixel, as a disk might; the time of the file stays."""
    times = shard.stat()
    with h5py.File(shard) as file:
        place = file["images"].id.get_offset() + 500
    content = bytearray(shard.read_bytes())
    content[place] ^= 64
    shard.write_bytes(content)
    os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))


class SmallDisk:
    """A disk of its own for the results of a checkout, on which little may be left."""

    def __init__(self, results):
        self.results = results

    def remount(self, option):
        """Change how it is mounted."""
        subprocess.run(["mount", "-o", f"remount,{option}", self.results], check=True)

    def leave(self, free):
        """Leave so many bytes; a size of 0 would mean that there is no limit."""
        for _ in range(100):  # it is refused if somebody writes more meanwhile
            with suppress(subprocess.CalledProcessError):
                return self.remount(f"rw,size={max(shutil.disk_usage(self.results).used + free, 4096)}")
        raise AssertionError(f"{self.results}: its size cannot be set")


@contextmanager
def small_disk(checkout):
    """Mount a disk for the results of a checkout; yield it, or None where that is not allowed."""
    results = checkout.folder / "results"
    results.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", results], capture_output=True).returncode:
        yield None
        return
    try:
        yield SmallDisk(results)
    finally:
        subprocess.run(["umount", "--lazy", results], check=True)
