"""Whatever strikes a run, the next one ends in the same files, and nobody repairs anything by hand but the lock."""

import os
import random
import re
import shutil
import signal
import subprocess
import time

import h5py
import pytest

from workflow_helpers import command, copy_workflow, running

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

#: what holds a clock or a process stands apart from what holds a result
RESULTS = ("results/datasets", "results/tiny")
KILLS = int(os.environ.get("CROSSRAY_KILLS", "6"))
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
    """Start Snakemake on the tiny study in a process group of its own."""
    with (folder / "run.log").open("a") as log:
        return subprocess.Popen(command(*words), cwd=folder, stdout=log, stderr=log, start_new_session=True)


def strike(process, kind):
    """End a run as a machine, a scheduler or a person would."""
    if kind == "kill Snakemake":
        process.kill()
    elif kind == "kill all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.killpg(process.pid, signal.SIGINT if kind == "Ctrl-C" else signal.SIGTERM)
    process.wait(timeout=300)


def wait_for_jobs(process, log, number):
    """Return when this many more jobs have ended: in seconds, a fast machine would be done before it is struck."""

    def ended():
        return log.read_text().count("Finished jobid")

    before = ended() if log.exists() else 0
    while process.poll() is None and (not log.exists() or ended() < before + number):
        time.sleep(0.2)


def test_struck_at_random_moments_a_run_ends_in_the_same_files(finished, made, tell):
    chance, struck = random.Random(2020), []
    for number in range(KILLS):
        process = start(made.folder)
        kind = ("kill all", "Ctrl-C", "SIGTERM", "kill Snakemake")[number % 4]
        wait_for_jobs(process, made.folder / "run.log", chance.randint(0, 9))
        try:
            process.wait(timeout=chance.uniform(0, 8))
            break
        except subprocess.TimeoutExpired:
            strike(process, kind)
            struck.append(kind)
        made.snakemake("--unlock")
    assert len(struck) > 2, "the run was over before anything could strike it"
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
    first = start(again.folder, "train")
    try:
        while not list(again.folder.glob(".snakemake/locks/*")):
            assert first.poll() is None
            time.sleep(0.1)
        assert "Directory cannot be locked" in again.snakemake("train", check=False)
    finally:
        assert first.wait(timeout=300) == 0
    assert "Nothing to be done" in again.snakemake("train")


def test_a_training_killed_for_its_memory_is_tried_again_with_more(finished, again):
    (again.folder / WEIGHTS).unlink()
    run = start(again.folder, "--retries", "1", "train")
    while (training := running(again.folder, "train_model")) is None:
        assert run.poll() is None
        time.sleep(0.1)
    os.kill(training, signal.SIGKILL)  # what the kernel does, and SLURM
    assert run.wait(timeout=300) == 0
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
