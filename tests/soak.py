"""Strike runs of the tiny study at random for a while, and append to docs/robustness.md how they ended.

Each run goes on until it is done, however often it is struck: by signals to everything, to Snakemake or to one job, by
a stop in the middle, by a full disk, by damage to a shard or to a checkpoint. Then its files are compared, byte for
byte, with those of a run that was left alone. Nothing is repaired by hand: a lock is removed as Snakemake says, and a
damaged shard is made again by the command that the error names.

A start of Snakemake takes longer than most jobs of the study, so most blows strike a run that survives them, by its
retries or by itself, and programs are forked from a process that has imported what they need.
"""

import argparse
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

from faults import EVENTS, KINDS, damage, differences, small_disk, start, strike, unmade  # noqa: E402
from workflow_helpers import copy_workflow, jobs_of, same_key, server, wait_until  # noqa: E402

PAGE = ROOT / "docs/robustness.md"
#: what strikes a run, and how often: a run survives "kill one job", "stop and go on" and a damaged checkpoint
BLOWS = {**dict.fromkeys(KINDS, 1), "kill one job": 16, "stop and go on": 2, "full disk": 1, "damaged checkpoint": 4}
#: what strikes its files before it goes on, this often where there are such files
SHARD = "damaged shard"
OFTEN = 0.5
#: how often a start of Snakemake retries a job that was killed; without retries, one kill ends a run
RETRIES = (0, 30, 30, 30)
ENOUGH = 2**30
HOSPITALS = ("north", "south")


def kill(job):
    """Kill a job; return whether it was still there."""
    try:
        os.kill(job, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def group_of(job):
    """Return the process group of a job, None if it has ended."""
    try:
        return os.getpgid(job)
    except ProcessLookupError:
        return None


class Run:
    """One run of the study in a checkout of its own, until it is done."""

    def __init__(self, checkout, disk, chance):
        self.checkout, self.disk, self.chance = checkout, disk, chance
        self.folder, self.results = checkout.folder, checkout.folder / "results"
        self.struck, self.starts, self.damaged = Counter(), 0, set()

    def finish(self, runs):
        """Start it again and again and strike it, until it ends by itself; ``runs`` ends what is left."""
        words = ()
        while True:
            log = self.folder / "run.log"
            log.write_text("")
            if self.chance.random() < OFTEN:
                self.struck[SHARD] += self.damage_shard()
            words = ("--retries", str(self.chance.choice(RETRIES)), *words)
            process = runs.enter_context(start(self.folder, *words, python=server().python))
            self.starts += 1
            while process.poll() is None:
                blow = self.chance.choices(list(BLOWS), list(BLOWS.values()))[0]
                struck = self.blow(process, blow)
                self.struck[blow] += struck
                with (self.folder / "blows.txt").open("a") as blows:
                    blows.write(f"start {self.starts}: {struck} {blow}\n")
            with (self.folder / "logs.txt").open("a") as logs:
                logs.write(log.read_text())
            if process.wait() == 0:
                return
            if list((self.folder / ".snakemake/locks").glob("*")):
                self.checkout.snakemake("--unlock")
            named = re.search(r"snakemake --cores all (-R \S+)", log.read_text())
            words = named.group(1).split() if named else ()
            self.damaged -= {self.folder / word for word in words}

    def blow(self, process, kind):
        """Wait for the next thing to happen in a run and strike it; return whether it was struck."""
        event = self.chance.choice(EVENTS)
        before = event(self.folder)
        wait_until(lambda: process.poll() is not None or event(self.folder) > before, seconds=3600)
        if process.poll() is not None:
            return False
        if kind in KINDS:
            strike(process, kind)
        elif kind == "kill one job":
            return self.kill_job()
        elif kind == "damaged checkpoint":
            return self.damage_checkpoint(process)
        elif kind == "full disk":
            return self.fill_disk(process)
        else:
            os.killpg(process.pid, signal.SIGSTOP)
            self.checkout.snakemake("-n", check=False)
            os.killpg(process.pid, signal.SIGCONT)
        return True

    def kill_job(self):
        """Kill one of the jobs; return whether there was one."""
        jobs = sorted(jobs_of(self.folder))
        return bool(jobs) and kill(self.chance.choice(jobs))

    def damage_checkpoint(self, process):
        """Kill a training and halve its last checkpoint before it is tried again; return whether one came to it."""
        trained = list(self.results.glob("tiny/models/small/*/0/weights.safetensors"))
        if len(trained) == len(HOSPITALS):
            return False
        wait_until(lambda: process.poll() is not None or self.checkpoints(process), seconds=3600)
        if process.poll() is not None:
            return False
        os.killpg(process.pid, signal.SIGSTOP)
        struck = 0
        for job, file in self.checkpoints(process).items():
            if kill(job):
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
                struck += 1
        os.killpg(process.pid, signal.SIGCONT)
        return struck

    def checkpoints(self, process):
        """Return the last checkpoints of the trainings of a Snakemake, by the number of their process."""
        found = {}
        for job, words in jobs_of(self.folder).items():
            if "--checkpoint-dir" in words and group_of(job) == process.pid:
                for file in (self.folder / words[words.index("--checkpoint-dir") + 1]).glob("*/last.ckpt"):
                    found[job] = file
        return found

    def fill_disk(self, process):
        """Leave no room until the run has failed; return whether there is a disk of its own."""
        if not self.disk:
            return False
        self.disk.leave(0)
        process.wait(timeout=3600)
        self.disk.leave(ENOUGH)
        return True

    def damage_shard(self):
        """Damage a shard of a data set that is still to be trained on; return whether there is one."""
        untrained = [name for name in HOSPITALS
                     if not (self.results / f"tiny/models/small/{name}/0/weights.safetensors").exists()
                     and (self.results / f"datasets/{name}/32px/index.json").exists()]  # fmt: skip
        files = sorted(path for name in untrained for path in self.results.glob(f"datasets/{name}/32px/shards/*.h5"))
        files = [path for path in files if path not in self.damaged]  # a second blow would turn the bit back
        if not files or jobs_of(self.folder):  # a job of a Snakemake that was killed may have read half of it
            return False
        damage(chosen := self.chance.choice(files))
        self.damaged.add(chosen)
        return True


def commit():
    """Return the commit, marked if files differ from it."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def processor():
    """Return the processor's name."""
    facts = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", facts.read_text()) if facts.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


class Soak:
    """Runs that are struck, a few at a time, and how they ended.

    Args:
        seed: of the blows.
        folder: where the checkouts are; those that end equal are removed.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.begun, self.ended, self.equal, self.struck = 0, 0, 0, Counter()
        self.began = time.monotonic()
        self.alone = copy_workflow(folder / "alone")
        same_key(self.alone.folder)
        # epochs enough for trainings to have checkpoints to go on from
        study = (ROOT / "tests/workflow/tiny.yaml").read_text().replace("epochs: 1", "epochs: 3")
        self.alone.write("tiny.yaml", study)

    def run(self, minutes: float, at_once: int) -> None:
        """Strike run after run, of which none begins after so many minutes."""
        end = self.began + 60 * minutes
        server()  # before threads ask for it at once
        with ThreadPoolExecutor(at_once + 1) as threads:
            alone = threads.submit(self.alone.snakemake)
            going = [threads.submit(self._strike_until, end, alone) for _ in range(at_once)]
            for future in (alone, *going):
                future.result()

    def _strike_until(self, end: float, alone: Future[str]) -> None:
        while time.monotonic() < end:
            self.begun += 1
            self._strike(self.begun, alone)

    def _strike(self, number: int, alone: Future[str]) -> None:
        """Strike one run until it ends, and compare it with the one that is left alone."""
        checkout = unmade(self.alone, self.folder / f"run-{number}")
        with small_disk(checkout) as disk, ExitStack() as started:
            if disk:
                disk.leave(ENOUGH)
            run = Run(checkout, disk, random.Random(f"{self.seed} {number}"))
            run.finish(started)
            alone.result()
            differing = differences(self.alone.folder, checkout.folder)
            done = "Nothing to be done" in checkout.snakemake("-n")
            if differing or not done:
                shutil.copytree(checkout.folder / "results", checkout.folder / "kept")
        self.ended, self.equal = self.ended + 1, self.equal + (not differing and done)
        self.struck += run.struck
        said = tracebacks((checkout.folder / "logs.txt").read_text())
        minutes = (time.monotonic() - self.began) / 60
        print(f"run {number}: {run.struck.total()} blows in {run.starts} starts, {len(differing)} files differ "
              f"{differing[:5]}, {len(said)} tracebacks {said[:3]}; in all {self.struck.total()} blows in "
              f"{minutes:.1f} minutes, {self.equal} of {self.ended} runs ended equal", flush=True)  # fmt: skip
        if not differing and done and not said:
            shutil.rmtree(checkout.folder)


def tracebacks(log: str) -> list[str]:
    """Return the last lines of tracebacks, but of those that say that Ctrl-C was pressed."""
    found = re.findall(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(\S.*)$", log, re.MULTILINE)
    return [line for line in found if not line.startswith("KeyboardInterrupt")]


def main():
    """Run, and write the row."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=40, help="no run begins after so many minutes")
    options.add_argument("--seed", type=int, help="of the blows; random if left out")
    options.add_argument("--at-once", type=int, default=2, help="so many runs at a time")
    asked = options.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background would ignore it
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    state = commit()
    folder = Path(tempfile.mkdtemp(prefix="crossray-soak-"))
    soak = Soak(seed, folder)
    try:
        soak.run(asked.minutes, asked.at_once)
    finally:
        server().stop()
    struck = ", ".join(f"{kind} {soak.struck[kind]}" for kind in (*BLOWS, SHARD))
    ended = f"{soak.equal} of {soak.ended}"
    row = f"| {state} | {seed} | {processor()} | {soak.struck.total()} | {struck} | {ended} | 0 |\n"
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(row)
    print(row, end="", flush=True)
    if soak.equal < soak.ended:
        print(f"runs that differ are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
