"""Checkouts of the workflow in temporary folders, and what Snakemake says it does."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from crossray import code_version
from crossray.figures.registry import FIGURES, had
from helpers import ROOT
from served import Server

PARTS = ("Snakefile", "CITATION.cff", "config", "envs", "profiles", "resources", "workflow")


#: the figures of a study of two hospitals, as the tiny one is
FIGURES_OF_TWO = had(FIGURES, ("transfer", "probe", "findings", "agreement", "panels", "trained"))
#: no key of anybody; splits follow it, and with another one a task may have too few positives in a test split
KEY = "0123456789abcdef" * 4
#: two trainings at a time are faster than one with two threads; sums, and so bytes, depend on the number of threads
ONE_THREAD = ("--set-threads", "train_model=1", "train_shared_heads=1")


def command(*words, study="tiny.yaml", python=sys.executable):
    """Return the command that runs Snakemake on a study with two cores; who asks for commands gets its own output."""
    asked = [*words, "--cores", "2", "--printshellcmds", *ONE_THREAD, "--configfile", study]
    return [str(python), "-m", "snakemake", *asked]


@functools.cache
def server():
    """Return what runs programs and Snakemake without their start-up; whoever asks for it sees that it is stopped."""
    return Server()


class Checkout:
    """A copy of the workflow that Snakemake runs in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def snakemake(self, *words, study="tiny.yaml", check=True, **variables):
        """Run Snakemake on a study, with these variables, and return its output; with ``check`` it must succeed."""
        words = command(*words, study=study, python=server().python)
        environment = os.environ | variables
        done = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=2400)
        output = done.stdout + done.stderr
        assert not check or done.returncode == 0, output[-6000:]
        return output

    def change(self, path, old, new):
        """Replace a text that must be there."""
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))

    def write(self, name, text):
        """Write a file."""
        (self.folder / name).write_text(text)


@contextmanager
def started(words, folder, log, **options):
    """Start a command in a process group of its own, its output in a log; end what is left of it afterwards."""
    with log.open("a") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output, process_group=0, **options)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(holds, process=None, seconds=600):
    """Return what holds as soon as it does; fail if the process that brings it ended before, or if it never comes."""
    for _ in range(20 * seconds):
        if found := holds():
            return found
        assert process is None or process.poll() is None, "it ended before"
        time.sleep(0.05)
    raise AssertionError("it never came")


def jobs_of(folder):
    """Return the command lines of programs that run in a checkout, by number."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
            is_program = any(re.fullmatch(r"workflow/scripts/\w+\.py", word) for word in words)
            if is_program and (place / "cwd").resolve() == folder:
                found[int(place.name)] = words
    return found


def running(folder, program, part=""):
    """Return the process of a program that runs in a checkout, if there is one, with this in its arguments."""
    for number, words in jobs_of(folder).items():
        if f"workflow/scripts/{program}.py" in words and any(part in word for word in words):
            return number
    return None


def planned(output):
    """Return the rules that Snakemake means to run, with their number of jobs, but for the targets."""
    if "Nothing to be done" in output:
        return {}
    stats = output.split("Job stats:")[1]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", stats, re.MULTILINE))
    return {rule: int(count) for rule, count in jobs.items() if rule not in ("job", "total", "all")}


def executed(output):
    """Return (rule, wildcards) of every job that ran."""
    blocks = re.split(r"\n(?:local)?(?:rule|checkpoint) (\w+):\n", output)[1:]
    jobs = set()
    for rule, block in zip(blocks[::2], blocks[1::2], strict=True):
        wildcards = re.search(r"^    wildcards: (.*)$", block, re.MULTILINE)
        jobs.add((rule, wildcards.group(1) if wildcards else ""))
    return {job for job in jobs if job[0] != "all"}


def same_key(folder):
    """Give a checkout the key of pseudonyms that every run of the tests has, and so the same splits."""
    (folder / "private").mkdir(mode=0o700)
    (folder / "private/pseudonyms.key").write_text(KEY)
    (folder / "private/pseudonyms.key").chmod(0o600)


@functools.cache
def known_code():
    """Return what a first start of Snakemake finds in the code, and the next ones know."""
    for program in (ROOT / "workflow/scripts").glob("*.py"):
        code_version.code_version(program.stem)
    return json.dumps(code_version.kept())


def copy_workflow(folder):
    """Copy what a clone would hold; new file times, as git gives. What its code says is known already."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.key"),
                            copy_function=shutil.copyfile, dirs_exist_ok=True)  # fmt: skip
        else:
            shutil.copyfile(source, folder / part)
    (folder / code_version.KEPT).parent.mkdir(exist_ok=True)
    (folder / code_version.KEPT).write_text(known_code())
    return Checkout(folder)
