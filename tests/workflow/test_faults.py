"""Whatever strikes a run, the next one ends in the same files, and nobody repairs anything by hand but the lock."""

import os
import random
import re
import shutil
import signal
import subprocess
from contextlib import ExitStack

import h5py
import pytest

from workflow_helpers import command, copy_workflow, running, started, wait_until

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

#: what holds a clock or a process stands apart from what holds a result
RESULTS = ("results/datasets", "results/tiny")
KILLS = 6
KINDS = ("kill all", "Ctrl-C", "SIGTERM", "kill Snakemake")
WEIGHTS = "results/tiny/models/small/south/0/weights.safetensors"


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


@pytest.fixture
def made(finished, tmp_path):
    """Return a checkout without results that makes the same pseudonyms as the finished one."""
    checkout = copy_workflow(tmp_path / "made")
    shutil.copyfile(finished.folder / "tiny.yaml", checkout.folder / "tiny.yaml")
    (checkout.folder / "private").mkdir()
    shutil.copyfile(finished.folder / "private/pseudonyms.key", checkout.folder / "private/pseudonyms.key")
    return checkout


def start(folder, *words):
    """Start Snakemake on the tiny study."""
    return started(command(*words), folder, folder / "run.log")


def strike(process, kind):
    """End a run as a machine, a scheduler or a person would."""
    if kind == "kill Snakemake":
        process.kill()
    elif kind == "kill all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.killpg(process.pid, signal.SIGINT if kind == "Ctrl-C" else signal.SIGTERM)
    process.wait(timeout=600)


def jobs_begun(folder):
    """Count the jobs that Snakemake has begun."""
    return len(re.findall(r"^(?:local)?(?:rule|checkpoint) \w+:$", (folder / "run.log").read_text(), re.MULTILINE))


def jobs_ended(folder):
    """Count the jobs that have ended well."""
    return (folder / "run.log").read_text().count("Finished jobid")


def files_written(folder):
    """Count the files of results, finished or not, and of work in progress."""
    return sum(path.is_file() for path in (folder / "results").rglob("*"))


#: what a blow waits for, counted from the start of the run that it strikes
EVENTS = (jobs_begun, jobs_ended, files_written)
#: the largest number of them; so few jobs end before a blow that the run is never over before the last one
LATEST = 6


def test_struck_at_random_moments_a_run_ends_in_the_same_files(finished, made, tell):
    chance, struck = random.Random(2020), []
    with ExitStack() as runs:  # jobs whose Snakemake was killed may go on beside the next run
        for number in range(KILLS):
            kind, event, count = KINDS[number % len(KINDS)], chance.choice(EVENTS), chance.randint(1, LATEST)
            (made.folder / "run.log").write_text("")
            before = event(made.folder)
            process = runs.enter_context(start(made.folder))
            wait_until(lambda: event(made.folder) >= before + count, process)  # noqa: B023 - called here
            strike(process, kind)
            struck.append(f"{kind} at {count} {event.__name__.replace('_', ' ')}")
            made.snakemake("--unlock")
        made.snakemake()
    lost = contents(finished.folder).keys() - contents(made.folder).keys()
    assert differences(finished.folder, made.folder) == []
    tell(f"workflow: faults injected: {len(struck)} ({', '.join(struck)}); runs that ended equal: 1 of 1; "
         f"files lost: {len(lost)}")  # fmt: skip


def test_a_damaged_shard_is_named_and_one_command_makes_it_again(again):
    shard = again.folder / "results/datasets/south/32px/shards/0001.h5"
    with h5py.File(shard) as file:
        place = file["images"].id.get_offset() + 500
    content = bytearray(shard.read_bytes())
    whole = bytes(content)
    content[place] ^= 64
    shard.write_bytes(content)
    weights = again.folder / WEIGHTS
    before = weights.read_bytes()
    weights.unlink()
    output = again.snakemake("train", check=False)
    name = shard.relative_to(again.folder)
    assert f"error: {name}: is not what its index.json says" in output
    assert f"snakemake --cores all -R {name}" in output
    again.snakemake("train", "-R", str(name))
    assert shard.read_bytes() == whole
    assert weights.read_bytes() == before
    assert "Nothing to be done" in again.snakemake()


def test_the_lock_keeps_a_second_workflow_out(again):
    again.change("tiny.yaml", "rotation: 5", "rotation: 6")
    with start(again.folder, "train") as first:
        wait_until(lambda: running(again.folder, "train_model"), first)
        os.killpg(first.pid, signal.SIGSTOP)  # it holds the lock for as long as the second one needs
        assert "Directory cannot be locked" in again.snakemake("train", check=False)
        os.killpg(first.pid, signal.SIGCONT)
        assert first.wait(timeout=600) == 0
    assert "Nothing to be done" in again.snakemake("train")


def test_a_training_killed_for_its_memory_is_tried_again_with_more(finished, again):
    (again.folder / WEIGHTS).unlink()
    with start(again.folder, "--retries", "1", "train") as run:
        wait_until(lambda: running(again.folder, "train_model"), run)
        os.kill(running(again.folder, "train_model"), signal.SIGKILL)  # what the kernel does, and SLURM
        assert run.wait(timeout=600) == 0
    asked = [int(memory) for memory in re.findall(r"resources:.*mem_mb=(\d+)", (again.folder / "run.log").read_text())]
    assert len(asked) == 2
    assert asked[1] == 2 * asked[0]
    assert differences(finished.folder, again.folder) == []


@pytest.fixture
def small_disk(made):
    """Return a checkout whose results lie on a disk of their own, and a function that sets what is free on it."""
    results = made.folder / "results"
    results.mkdir()
    mounting = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", results], capture_output=True, text=True)
    if mounting.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounting.stderr.strip()}")

    def remount(option):
        subprocess.run(["mount", "-o", f"remount,{option}", results], check=True)

    def leave(free):
        used = shutil.disk_usage(results).used
        remount(f"rw,size={used + free}")

    yield made, leave, remount
    subprocess.run(["umount", "--lazy", results], check=True)


def test_a_full_disk_is_told_at_every_stage(finished, small_disk):
    made, leave, _ = small_disk
    # Each needs more than is left; what is left needs less than the program that says so.
    stages = {"results/datasets/north/release/labels.csv": 200_000, "convert": 20_000, "train": 50_000_000,
              "evaluate": 0, "results/tiny/figures/auc_matrix.svg": 8_000, "report": 100_000}  # fmt: skip
    for target, free in stages.items():
        leave(free)
        output = made.snakemake(target, check=False)
        assert re.search(r"error: results/.*no space left on device", output), output[-3000:]
        assert "Traceback" not in output
        assert "completed successfully, but" not in output
        leave(1_000_000_000)
        made.snakemake(target)
    assert differences(finished.folder, made.folder) == []


def test_results_that_may_not_be_written_are_told_before_anything_runs(small_disk):
    made, _, remount = small_disk
    made.snakemake("results/datasets/north/release/labels.csv")
    remount("ro")
    output = made.snakemake("convert", check=False)
    assert "results: may not be written to (a file system that is read-only" in output
    assert "Traceback" not in output
    assert "make_manifest" in made.snakemake("-n", "convert")
    remount("rw")
    made.snakemake("convert")
