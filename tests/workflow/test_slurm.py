"""A study through ``profiles/slurm`` on a real SLURM of one node and of two, and what happens to trainings there."""

import os
import re
import shutil
import signal
import sys
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest
import yaml

from helpers import ROOT
from slurm_node import PATH, Slurm, obstacle
from workflow_helpers import command, copy_workflow, running, same_key, server, started, wait_until

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]

#: the nodes' GPUs are device files without a GPU behind them: SLURM shares them out, programs are promised none
WITHOUT_GPU = ["--resources", "gpu=0"]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Return a running SLURM."""
    if reason := obstacle():
        pytest.skip(reason)
    made = Slurm(tmp_path_factory.mktemp("slurm"), ("first", "second"), gpus=4)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def through_slurm(node):
    """Return a function that starts Snakemake with the profile; jobs are looked at soon, and ask for little.

    The executor looks again ten seconds later each time that no job has ended: most end before the first look.
    """
    node.clear()
    quick = ["--slurm-init-seconds-before-status-checks", "8"]
    with ExitStack() as runs:

        def through_slurm(folder, *words, study="tiny.yaml", python=sys.executable, resources=(), last=(), **variables):
            little = ["--default-resources", "slurm_account=tests", "mem_mb=500", *resources]
            full = command(*words, "--profile", "profiles/slurm", *quick, *little, study=study, python=python)
            environment = node.environment | variables
            return runs.enter_context(started([*full, *last], folder, folder / "slurm-run.log", env=environment))

        yield through_slurm


def test_two_gpu_jobs_get_a_gpu_each(node):
    # each waits for the other one, so that both have a GPU at once
    script = "echo $CUDA_VISIBLE_DEVICES; touch {name}; until [ -e a ] && [ -e b ]; do sleep 0.1; done"
    for name in ("a", "b"):
        node.run("sbatch", "--gpus=1", "--mem=100", f"--comment={name}", f"--output={node.folder}/{name}.txt",
                 "--chdir", str(node.folder), "--wrap", script.format(name=name))  # fmt: skip
    node.wait_until(lambda: sorted(node.jobs("COMPLETED").values()) == ["a", "b"])
    assert {(node.folder / f"{name}.txt").read_text() for name in ("a", "b")} == {"0\n", "1\n"}


def test_the_tiny_study_through_the_profile(through_slurm, finished, tmp_path, tell):
    made = copy_workflow(tmp_path / "cluster")
    shutil.copyfile(finished.folder / "tiny.yaml", made.folder / "tiny.yaml")
    same_key(made.folder)
    code = through_slurm(made.folder, *WITHOUT_GPU, python=server().python).wait(timeout=1500)
    output = (made.folder / "slurm-run.log").read_text()
    assert code == 0, output[-6000:]
    results = [path.relative_to(finished.folder) for path in (finished.folder / "results/tiny").rglob("*")
               if path.suffix in (".safetensors", ".csv", ".parquet", ".svg")]  # fmt: skip
    assert len(results) > 40
    for path in results:
        assert (made.folder / path).read_bytes() == (finished.folder / path).read_bytes(), path
    assert list((made.folder / "logs/slurm").rglob("*.log"))
    assert "Nothing to be done" in made.snakemake()
    tell(f"SLURM: {output.count('submitted with SLURM jobid')} jobs; files equal to a local run's: {len(results)}")


def test_a_gpu_job_asks_for_a_gpu_and_fails_at_once_without_one(through_slurm, finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "promised", symlinks=True)
    (tmp_path / "promised/results/tiny/models/small/south/0/weights.safetensors").unlink()
    # What the command line says of resources replaces what the profile says; the GPU is the rule's.
    run = through_slurm(tmp_path / "promised", "train", "--set-resources", "train_model:runtime=30",
                        python=server().python)  # fmt: skip
    assert run.wait(timeout=600) == 1
    output = (tmp_path / "promised/slurm-run.log").read_text()
    assert "is not retried, as that would not fix it: error: this job asked for 1 GPU and sees 0" in output
    assert output.count("submitted with SLURM jobid") == 1


def test_jobs_of_a_snakemake_that_was_killed_are_found_before_they_run_twice(node, through_slurm, again):
    again.change("tiny.yaml", "epochs: 1", "epochs: 500")
    weights = "results/tiny/models/small/south/0/weights.safetensors"
    words = [weights, *WITHOUT_GPU]
    run = through_slurm(again.folder, *words)  # SLURM must find every process of the job it is to cancel
    wait_until(lambda: running(again.folder, "train_model"), run)

    def newest_log():  # by its time; one is of the local run
        return max(again.folder.glob("logs/tiny/train_model/small/south/0/*.log"))

    wait_until(lambda: "epoch 1 of 500" in newest_log().read_text(), run)
    os.killpg(run.pid, signal.SIGKILL)
    again.snakemake("--unlock")
    assert through_slurm(again.folder, *words, python=server().python).wait(timeout=300) == 1
    output = (again.folder / "slurm-run.log").read_text()
    left = re.search(
        r"1 jobs of an earlier run .* RUNNING rule_train_model_wildcards_small_south_0\).*: (scancel .*)", output
    )
    assert left, output[-3000:]
    assert output.count("submitted with SLURM jobid") == 1
    node.run(*left.group(1).split())
    node.wait_until(lambda: not node.jobs("RUNNING", "COMPLETING", "PENDING"))
    assert "epoch 1 of 500" in newest_log().read_text()  # nobody emptied it


def test_a_training_without_enough_memory_is_told_so_and_gets_more(through_slurm, finished, tmp_path):
    folder = tmp_path / "short"
    shutil.copytree(finished.folder, folder, symlinks=True)
    weights = "results/tiny/models/small/south/0/weights.safetensors"
    (folder / weights).unlink()
    memory = "train_model:mem_mb=attempt**3 * 300"  # 300 MB are too few for torch, 2,400 are enough
    run = through_slurm(folder, weights, *WITHOUT_GPU, "--set-resources", memory)
    assert run.wait(timeout=600) == 0
    output = (folder / "slurm-run.log").read_text()
    told = re.search(r"train_model \(job \d+\) was out of memory, with mem_mb=300; .*; see (\S+)", output)
    assert told, output[-4000:]
    assert "exceeded memory limit" in Path(told.group(1)).read_text()
    assert (folder / weights).read_bytes() == (finished.folder / weights).read_bytes()


#: what stands for torchrun: it says where it was started, with which GPUs and words, and trains nothing
TORCHRUN = """#!/bin/sh
echo "$SLURMD_NODENAME|$CUDA_VISIBLE_DEVICES|$*" > "$STARTED/$SLURMD_NODENAME.$$"
exit 1
"""


@pytest.mark.parametrize(("block", "nodes"), [(0, ["first"]), (1, ["first", "second"])])
def test_the_pages_ways_to_several_gpus_get_them(through_slurm, finished, tmp_path, block, nodes):
    """Both blocks of the page stand in the profile as they are, on two nodes with four GPUs each."""
    folder = tmp_path / "several"
    shutil.copytree(finished.folder, folder, symlinks=True)
    page = (ROOT / "docs/slurm.md").read_text().split("## Several GPUs for one model")[1]
    profile = folder / "profiles/slurm/profile.v9+.yaml"
    profile.write_text(profile.read_text() + page.split("```yaml")[block + 1].split("```")[0])
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/torchrun").write_text(TORCHRUN)
    (tmp_path / "bin/torchrun").chmod(0o700)
    weights = "results/tiny/models/small/south/0/weights.safetensors"
    (folder / weights).unlink()
    run = through_slurm(folder, weights, "--retries", "0", python=server().python, resources=["slurm_partition=both"],
                        last=["--set-threads", "train_model=8", "--cores", "8"], STARTED=str(tmp_path),
                        PATH=f"{tmp_path}/bin:{PATH}")  # fmt: skip
    run.wait(timeout=300)
    started = sorted(path.read_text().strip().split("|") for path in tmp_path.glob("*.[0-9]*"))
    output = (folder / "slurm-run.log").read_text()
    assert [(name, gpus) for name, gpus, _ in started] == [(name, "0,1,2,3") for name in nodes], output[-4000:]
    assert all("--nproc-per-node 4" in words for _, _, words in started)
    if block:
        assert all(re.search(r"--rdzv-id \d+ --rdzv-endpoint first:29500 ", words) for _, _, words in started)


STRUCK = {
    "study": "struck", "tasks": ["Cardiomegaly", "Effusion"], "seeds": [0, 1, 2, 3],
    "datasets": {"north": {"reader": "simulated", "public": True, "images": 60, "appearance": {"rows": 64}}},
    "models": {"small": {"architecture": "resnet18"}}, "images": {"size": 32},
    "training": {"epochs": 12, "batch_size": 16},
}  # fmt: skip


#: what strikes which seed; the words are SLURM's
BLOWS = {
    "cancelled": (0, "scancel {job}"),
    "requeued": (1, "scontrol requeue {job}"),
    "time limit": (2, "scontrol update jobid={job} timelimit=1"),
    "node down": (3, "scontrol update nodename={host} state=down reason=test"),
}


def half_done(folder, seed):
    """Return the process of a training that has a state to go on from, stopped, so that it does not end by itself."""
    training = running(folder, "train_model", f"/{seed}/work")
    if not training or not list(folder.glob(f"results/struck/models/small/north/{seed}/work/*/before.ckpt")):
        return None
    try:
        os.kill(training, signal.SIGSTOP)
    except ProcessLookupError:
        return None
    return training


def held(folder, pending):
    """Stop the trainings that are half done and still wait for their blows; return their processes."""
    return {what: training for what, (seed, _) in pending.items() if (training := half_done(folder, seed))}


def strike_next(node, folder, pending, struck):
    """Strike the first training that is half done; note its job and return with what."""
    for what, training in held(folder, pending).items():
        seed, words = pending[what]
        name = f"rule_train_model_wildcards_small_north_{seed}"
        job = next((number for number, words in node.jobs("RUNNING").items() if words == name), None)
        if not job:  # an earlier blow ends it just now
            continue
        others = {other: pending[other] for other in pending if other != what}
        if what == "node down":  # it would begin the others again too
            if others:
                continue
            node.wait_until(partial(over, node, struck["time limit"], folder, pending), seconds=300)
        node.run(*words.format(job=job, host=node.names[0]).split())
        struck[what] = job
        if what == "time limit":  # a minute, the shortest; it stays stopped, as only what hangs is still there
            return what
        if what == "node down":
            node.wait_until(lambda: "down" in node.run("sinfo", "--noheader", "--format=%t"), seconds=300)
            node.run("scontrol", "update", f"nodename={node.names[0]}", "state=resume")
        with suppress(ProcessLookupError):
            os.kill(training, signal.SIGCONT)
        if what != "node down":  # the next blow finds nothing of this one
            node.wait_until(partial(over, node, job, folder, others), seconds=300)
        return what
    return None


def over(node, job, folder, others):
    """Return whether SLURM has ended a job; meanwhile no other training gets to its end."""
    held(folder, others)
    return job not in node.jobs("RUNNING", "COMPLETING")


def test_trainings_that_are_struck_end_in_the_same_weights(node, through_slurm, tmp_path, tell):
    undisturbed = copy_workflow(tmp_path / "undisturbed")
    undisturbed.write("struck.yaml", yaml.safe_dump(STRUCK))
    undisturbed.snakemake("results/struck/manifests/north.parquet", study="struck.yaml")
    folder = shutil.copytree(undisturbed.folder, tmp_path / "struck", symlinks=True)
    run = through_slurm(folder, "train", *WITHOUT_GPU, study="struck.yaml")
    pending, struck = dict(BLOWS), {}
    while pending:
        del pending[wait_until(lambda: strike_next(node, folder, pending, struck), run)]
    wait_until(lambda: node.resume() or running(folder, "train_model"), run)  # a step that begins would ask it in vain
    node.restart_controller()
    undisturbed.snakemake("train", study="struck.yaml")
    wait_until(lambda: node.resume() or run.poll() is not None, seconds=900)
    assert run.returncode == 0, (folder / "slurm-run.log").read_text()[-6000:]
    for seed in STRUCK["seeds"]:
        place = f"results/struck/models/small/north/{seed}"
        for name in ("weights.safetensors", "history.csv"):
            assert (folder / place / name).read_bytes() == (undisturbed.folder / place / name).read_bytes(), seed
        logs = [path.read_text() for path in sorted(folder.glob(f"logs/struck/train_model/small/north/{seed}/*.log"))]
        assert "training and" in logs[0], seed
        assert any("continuing from" in log for log in logs[1:]), seed
        assert "asked for no GPU" in logs[0].splitlines()[0], seed
    output = (folder / "slurm-run.log").read_text()
    assert re.search(r"was out of time, with runtime=\d+; another attempt asks for more; see .*\.log", output)
    memory = re.findall(r"rule train_model:\n(?:    .*\n)*?    resources: .*?mem_mb=(\d+)", output)
    assert len(memory) > 4
    assert len(set(memory)) == 1  # nobody was short of it
    told = [*struck, "controller restarted"]
    tell(f"SLURM: faults injected: {len(told)} ({', '.join(told)}); trainings that ended equal: 4 of 4; files lost: 0")
