"""Strike runs of the tiny study at random for a while, and append to docs/robustness.md how they ended.

Each run goes on until it is done, however often it is struck: by signals to everything, to Snakemake or to one job, by
a stop in the middle, by a full disk, by damage to a shard or to a checkpoint. Then its files are compared, byte for
byte, with those of a run that was left alone. Nothing is repaired by hand: a lock is removed as Snakemake says, and a
damaged shard is made again by the command that the error names.
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
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "tests")]

from faults import EVENTS, KINDS, LATEST, damage, differences, small_disk, start, strike, unmade  # noqa: E402
from workflow_helpers import copy_workflow, jobs_of, server, wait_until  # noqa: E402

PAGE = ROOT / "docs/robustness.md"
#: what strikes a run that goes on, beside the signals that end it
GOES_ON = "stop and go on"
BLOWS = (*KINDS, "kill one job", GOES_ON, "full disk")
#: what strikes its files before it goes on, this often where there are such files
DAMAGES = ("damaged shard", "damaged checkpoint")
OFTEN = 0.3
ENOUGH = 2**30


class Run:
    """One run of the study in a checkout of its own, until it is done."""

    def __init__(self, checkout, disk, chance):
        self.checkout, self.disk, self.chance = checkout, disk, chance
        self.struck = Counter()

    def finish(self, runs):
        """Start it again and again, each time with a blow, until it ends by itself; ``runs`` ends what is left."""
        words = ()
        while True:
            (self.checkout.folder / "run.log").write_text("")
            damage = self.chance.choice(DAMAGES)
            if self.chance.random() < OFTEN:
                self.struck[damage] += self.damage(damage)
            process = runs.enter_context(start(self.checkout.folder, *words))
            while process.poll() is None:
                blow = self.chance.choice(BLOWS)
                struck = self.blow(process, blow)
                self.struck[blow] += struck
                if struck and blow != GOES_ON:
                    break
            if process.wait(timeout=3600) == 0:
                return
            self.checkout.snakemake("--unlock")
            named = re.search(r"snakemake --cores all (-R \S+)", (self.checkout.folder / "run.log").read_text())
            words = named.group(1).split() if named else ()

    def blow(self, process, kind):
        """Wait for something to happen in a run and strike it; return whether it was struck."""
        folder, event, count = self.checkout.folder, self.chance.choice(EVENTS), self.chance.randint(1, LATEST)
        before = event(folder)
        wait_until(lambda: process.poll() is not None or event(folder) >= before + count, seconds=3600)
        jobs = jobs_of(folder)
        if (
            process.poll() is not None
            or (kind == "kill one job" and not jobs)
            or (kind == "full disk" and not self.disk)
        ):
            return False
        if kind in KINDS:
            strike(process, kind)
        elif kind == "kill one job":
            os.kill(self.chance.choice(sorted(jobs)), signal.SIGKILL)
        elif kind == GOES_ON:
            os.killpg(process.pid, signal.SIGSTOP)
            self.checkout.snakemake("-n", check=False)
            os.killpg(process.pid, signal.SIGCONT)
        else:
            self.disk.leave(0)
            process.wait(timeout=3600)
            self.disk.leave(ENOUGH)
        return True

    def damage(self, kind):
        """Damage a file that is still to be read; return whether there is one."""
        results = self.checkout.folder / "results"
        if kind == "damaged checkpoint":
            files = sorted(results.glob("tiny/models/*/*/*/work/*/last.ckpt"))
        else:
            untrained = [name for name in ("north", "south")
                         if not (results / f"tiny/models/small/{name}/0/weights.safetensors").exists()
                         and (results / f"datasets/{name}/32px/index.json").exists()]  # fmt: skip
            files = sorted(path for name in untrained for path in results.glob(f"datasets/{name}/32px/shards/*.h5"))
        if not files:
            return False
        chosen = self.chance.choice(files)
        if kind == "damaged checkpoint":
            chosen.write_bytes(chosen.read_bytes()[: chosen.stat().st_size // 2])
        else:
            damage(chosen)
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


def soak(minutes, seed, folder):
    """Strike runs until the time is over; return how many, how many ended equal, and what struck them."""
    finished = copy_workflow(folder / "finished")
    # three epochs, so that trainings have checkpoints to go on from
    study = (ROOT / "tests/workflow/tiny.yaml").read_text().replace("epochs: 1", "epochs: 3")
    finished.write("tiny.yaml", study)
    finished.snakemake()
    end, chance, struck, runs, equal = time.monotonic() + 60 * minutes, random.Random(seed), Counter(), 0, 0
    while time.monotonic() < end:
        checkout = unmade(finished, folder / f"run-{runs}")
        with small_disk(checkout) as disk, ExitStack() as started:
            if disk:
                disk.leave(ENOUGH)
            run = Run(checkout, disk, chance)
            run.finish(started)
            differing = differences(finished.folder, checkout.folder)
            leftover = checkout.snakemake("-n")
        runs, equal, struck = (
            runs + 1,
            equal + (not differing and "Nothing to be done" in leftover),
            struck + run.struck,
        )
        print(f"run {runs}: {sum(run.struck.values())} blows, {len(differing)} files differ {differing[:5]}; "
              f"in all {sum(struck.values())} blows, {equal} of {runs} runs ended equal", flush=True)  # fmt: skip
        if not differing:
            shutil.rmtree(checkout.folder)
    return runs, equal, struck


def main():
    """Run, and write the row."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=40, help="no run begins after so many minutes")
    options.add_argument("--seed", type=int, help="of the blows; random if left out")
    asked = options.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    state = commit()
    folder = Path(tempfile.mkdtemp(prefix="crossray-soak-"))
    try:
        runs, equal, struck = soak(asked.minutes, seed, folder)
    finally:
        server().stop()
    kinds = ", ".join(f"{kind} {struck[kind]}" for kind in BLOWS + DAMAGES)
    row = f"| {state} | {seed} | {processor()} | {sum(struck.values())} | {kinds} | {equal} of {runs} | 0 |\n"
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(row)
    print(row, end="")
    if equal < runs:
        print(f"runs that differ are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
