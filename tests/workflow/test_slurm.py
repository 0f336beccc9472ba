"""A study through ``profiles/slurm`` on a real SLURM of one node, and what happens to trainings there."""

import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack, suppress

import pytest
import yaml

from slurm_node import Node, obstacle
from workflow_helpers import command, copy_workflow, running, server, started

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]

#: this node's GPUs are device files without a GPU behind them: SLURM shares them out, programs are promised none
GPU_JOBS = (
    "train_model", "train_shared_heads", "predict", "attribute_images", "predict_corrected",
    "describe_images",
)  # fmt: skip
WITHOUT_GPU = [
    "--set-resources",
    *(f"{rule}:gpu=0" for rule in GPU_JOBS),
    *(f"{rule}:gres='gpu:1'" for rule in GPU_JOBS),
]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """Return a running SLURM."""
    if reason := obstacle():
        pytest.skip(reason)
    made = Node(tmp_path_factory.mktemp("slurm"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def through_slurm(node):
    """Return a function that starts Snakemake with the profile; jobs are looked at soon, and ask for little."""
    quick = ["--slurm-init-seconds-before-status-checks", "1"]
    quick += ["--default-resources", "slurm_account=tests", "mem_mb=500"]
    with ExitStack() as runs:

        def through_slurm(folder, *words, study="tiny.yaml", python=sys.executable):
            full = command(*words, "--profile", "profiles/slurm", *quick, study=study, python=python)
            return runs.enter_context(started(full, folder, folder / "slurm-run.log", env=node.environment))

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
    (made.folder / "private").mkdir()
    shutil.copyfile(finished.folder / "private/pseudonyms.key", made.folder / "private/pseudonyms.key")
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
    run = through_slurm(tmp_path / "promised", "train", "--retries", "0", python=server().python)
    assert run.wait(timeout=600) == 1
    assert "this job asked for 1 GPU and sees 0" in (tmp_path / "promised/slurm-run.log").read_text()


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


def strike_next(node, folder, pending):
    """Strike the first training that is half done; return with what."""
    for what, (seed, words) in pending.items():
        training = running(folder, "train_model", f"/{seed}/work")
        if not training or not list(folder.glob(f"results/struck/models/small/north/{seed}/work/*/before.ckpt")):
            continue
        name = f"rule_train_model_wildcards_small_north_{seed}"
        job = next((number for number, words in node.jobs("RUNNING").items() if words == name), None)
        if not job:  # an earlier blow ends it just now
            continue
        try:
            os.kill(training, signal.SIGSTOP)  # a training that ends before the blow would start afresh
        except ProcessLookupError:
            continue
        node.run(*words.format(job=job, host=node.host).split())
        if what == "node down":
            node.wait_until(lambda: "down" in node.run("sinfo", "--noheader", "--format=%t"))
            node.run("scontrol", "update", f"nodename={node.host}", "state=resume")
        if what != "time limit":  # only a program that hangs is still there after the shortest limit, a minute
            with suppress(ProcessLookupError):
                os.kill(training, signal.SIGCONT)
        return what
    return None


def test_trainings_that_are_struck_end_in_the_same_weights(node, through_slurm, tmp_path, tell):
    undisturbed, struck = copy_workflow(tmp_path / "undisturbed"), copy_workflow(tmp_path / "struck")
    for made in (undisturbed, struck):
        made.write("struck.yaml", yaml.safe_dump(STRUCK))
    undisturbed.snakemake("train", study="struck.yaml")
    struck.snakemake("convert", study="struck.yaml")
    folder, told, pending = struck.folder, [], dict(BLOWS)
    run = through_slurm(folder, "train", *WITHOUT_GPU, study="struck.yaml")
    while pending:
        assert run.poll() is None, (folder / "slurm-run.log").read_text()[-4000:]
        if what := strike_next(node, folder, pending):
            del pending[what]
            told.append(what)
        time.sleep(0.5)
    node.wait_until(lambda: node.jobs("RUNNING"))
    node.restart_controller()
    told.append("controller restarted")
    assert run.wait(timeout=900) == 0, (folder / "slurm-run.log").read_text()[-6000:]
    for seed in STRUCK["seeds"]:
        place = f"results/struck/models/small/north/{seed}"
        for name in ("weights.safetensors", "history.csv"):
            assert (folder / place / name).read_bytes() == (undisturbed.folder / place / name).read_bytes(), seed
        assert "continuing from" in (folder / f"logs/struck/train_model/small/north/{seed}.log").read_text(), seed
    tell(f"SLURM: faults injected: {len(told)} ({', '.join(told)}); trainings that ended equal: 4 of 4; files lost: 0")
