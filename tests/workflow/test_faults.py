"""Whatever strikes a run, the next one ends in the same files, and nobody repairs anything by hand but the lock."""

import os
import random
import re
import signal
from contextlib import ExitStack

import pytest

from faults import EVENTS, KINDS, LATEST, contents, damage, differences, small_disk, start, strike, unmade
from workflow_helpers import running, wait_until

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

#: one of each kind; make soak strikes on and on
KILLS = 4
WEIGHTS = "results/tiny/models/small/south/0/weights.safetensors"


@pytest.fixture
def made(finished, tmp_path):
    """Return a checkout without results that makes the same pseudonyms as the finished one."""
    return unmade(finished, tmp_path / "made")


def test_struck_at_random_moments_a_run_ends_in_the_same_files(finished, made, tell):
    chance, struck = random.Random(2020), []
    with ExitStack() as runs:  # jobs whose Snakemake was killed may go on beside the next run
        for number in range(KILLS):
            kind, event, count = KINDS[number % len(KINDS)], chance.choice(EVENTS), chance.randint(1, LATEST)
            (made.folder / "run.log").write_text("")
            before = event(made.folder)
            process = runs.enter_context(start(made.folder))
            wait_until(lambda: event(made.folder) >= before + count or process.poll() is not None)  # noqa: B023
            if process.poll() is not None:  # a quick machine does much between two blows, and all is done
                assert process.returncode == 0, (made.folder / "run.log").read_text()
                break
            strike(process, kind)
            struck.append(f"{kind} at {count} {event.__name__.replace('_', ' ')}")
            made.snakemake("--unlock")
        made.snakemake()
    assert len(struck) >= KILLS // 2
    lost = contents(finished.folder).keys() - contents(made.folder).keys()
    assert differences(finished.folder, made.folder) == []
    tell(f"workflow: faults injected: {len(struck)} ({', '.join(struck)}); runs that ended equal: 1 of 1; "
         f"files lost: {len(lost)}")  # fmt: skip


def test_a_damaged_shard_is_named_and_one_command_makes_it_again(again):
    shard = again.folder / "results/datasets/south/32px/shards/0001.h5"
    whole = shard.read_bytes()
    damage(shard)
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
def disk(made):
    """Return a disk of its own for the results of the checkout."""
    with small_disk(made) as disk:
        if not disk:
            pytest.skip("no small disk can be mounted here")
        yield disk


def test_a_full_disk_is_told_at_every_stage(finished, made, disk):
    # Each needs more than is left; what is left needs less than the program that says so.
    stages = {"results/datasets/north/release/labels.csv": 200_000, "convert": 20_000, "train": 50_000_000,
              "evaluate": 0, "results/tiny/figures/auc_matrix.svg": 8_000, "report": 100_000}  # fmt: skip
    for target, free in stages.items():
        disk.leave(free)
        output = made.snakemake(target, check=False)
        assert re.search(r"error: results/.*no space left on device", output), output[-3000:]
        assert "Traceback" not in output
        assert "completed successfully, but" not in output
        disk.leave(1_000_000_000)
        made.snakemake(target)
    assert differences(finished.folder, made.folder) == []


def test_results_that_may_not_be_written_are_told_before_anything_runs(made, disk):
    made.snakemake("results/datasets/north/release/labels.csv")
    disk.remount("ro")
    output = made.snakemake("convert", check=False)
    assert "results: is not writable (read-only file system" in output
    assert "Traceback" not in output
    assert "make_manifest" in made.snakemake("-n", "convert")
    disk.remount("rw")
    made.snakemake("convert")
