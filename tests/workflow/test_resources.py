"""What a job asks for follows the size of the data."""

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from helpers import ROOT

pytestmark = pytest.mark.workflow


#: every rule that computes a network, and conversions
RULES = (
    "train_model", "predict", "predict_corrected", "describe_images", "attribute_images",
    "convert_shard",
)  # fmt: skip


def asked(checkout, images, size=224, *words):
    """Return threads, memory (MB), minutes and GPUs of jobs of each rule, where hospitals have so many images."""
    study = yaml.safe_load((ROOT / "tests/workflow/tiny.yaml").read_text())
    for hospital in study["datasets"].values():
        hospital["images"] = images
        hospital["shards"] = max(2, images // 2000)
    study["images"]["size"] = size
    study["training"]["epochs"] = 100
    study["evaluation"]["attribution"] = {}
    study["explanation"] = {}
    checkout.write("tiny.yaml", yaml.safe_dump(study))
    plan = checkout.snakemake("-n", "--set-threads", "train_model=8", *words)
    blocks = {rule: plan.split(f"rule {rule}:")[1].split("\n\n")[0] for rule in RULES}
    return {rule: (int((re.search(r"^    threads: (\d+)", block, re.MULTILINE) or [0, 1])[1]),
                   *(int((re.search(rf"\b{name}=(\d+)", block) or [0, 0])[1]) for name in ("mem_mb", "runtime", "gpu")))
            for rule, block in blocks.items()}  # fmt: skip


def test_memory_time_and_threads_follow_the_number_of_images_and_their_size(checkout):
    small, large, larger, sharp = (
        asked(checkout, images, size) for images, size in ((60, 224), (100_000, 224), (200_000, 224), (60, 896))
    )
    for rule in ("train_model", "predict", "predict_corrected"):
        pixels = 100_000 * 224 * 224 / 1e6
        assert large[rule][1] - small[rule][1] > pixels / 2 - 2, rule
        assert large[rule][2] > small[rule][2], rule
    for rule in set(RULES) - {"train_model", "convert_shard"}:
        assert large[rule][2] < larger[rule][2] or rule in ("describe_images", "attribute_images"), rule
        assert sharp[rule][2] >= small[rule][2], rule
    for rule in ("attribute_images",):  # of samples, whose cost is that of their pixels
        assert sharp[rule][2] > small[rule][2], rule
    assert large["train_model"][2] > 100 * 100_000 / 300 / 60  # 300 images a second
    assert small["predict"][0] == 1
    assert large["predict"][0] == large["predict_corrected"][0] == 2  # all that the tests have
    # A shard has 2,000 images, so a conversion asks for the same whatever the release's size.
    assert large["convert_shard"] == larger["convert_shard"]


def test_a_gpu_is_asked_for_where_there_are_some_whatever_else_the_command_line_says(checkout):
    others = ("--set-resources", "train_model:runtime=30", "--default-resources", "slurm_account=ours")
    slurm = ("--profile", "profiles/slurm")
    for words, gpus in ((slurm + others, 1), ((*slurm, "--resources", "gpu=0"), 0)):
        found = {rule: amounts[3] for rule, amounts in asked(checkout, 60, 64, *words).items()}
        assert found == {rule: gpus for rule in RULES if rule != "convert_shard"} | {"convert_shard": 0}, words


def test_jobs_without_a_shared_file_system_are_refused_in_one_line(checkout):
    checkout.write("tiny.yaml", (ROOT / "tests/workflow/tiny.yaml").read_text())
    output = checkout.snakemake("train", "-n", "--shared-fs-usage", "none", check=False)
    assert "CrossRay needs one file system shared by all jobs" in output
    assert "Traceback" not in output


def test_the_profile_for_lsf_asks_for_a_gpu_for_each_rule_that_wants_one():
    profile = yaml.safe_load((ROOT / "profiles/lsf/profile.v9+.yaml").read_text())
    asking = {rule for rule, resources in profile["set-resources"].items() if resources["lsf_extra"] == "-gpu num=1"}
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    names, blocks = (re.split(r"^ *rule *(\w*):", rules, flags=re.MULTILINE)[start::2] for start in (1, 2))
    found = zip(names, blocks, strict=True)
    wanting = {name or "predict" for name, block in found if "gpu=gpus" in block}  # a study has several predict rules
    assert set(RULES) - {"convert_shard"} < asking == wanting


#: what stands for Apptainer: it says what it was asked and runs the command, without a container
APPTAINER = """#!/bin/sh
[ "$1" = --version ] && echo apptainer version 1.3.4 && exit
echo "$@" >> asked.txt
while [ "$1" != sh ] && [ "$1" != bash ]; do shift; done
exec "$@"
"""


def test_programs_run_in_the_container_that_is_configured(checkout):
    """Only the command line is tried: no container is built or entered."""
    (checkout.folder / "bin").mkdir()
    (checkout.folder / "bin/apptainer").write_text(APPTAINER)
    (checkout.folder / "bin/apptainer").chmod(0o700)
    (checkout.folder / "crossray.sif").write_text("an image")
    checkout.write("tiny.yaml", (ROOT / "tests/workflow/tiny.yaml").read_text() + "container: crossray.sif\n")
    path = os.pathsep.join([str(checkout.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    labels = "results/datasets/south/release/labels.csv"
    checkout.snakemake(labels, "--sdm", "apptainer", "--apptainer-args=--nv", PATH=path)
    assert (checkout.folder / labels).exists()
    (asked,) = (checkout.folder / "asked.txt").read_text().split("exec ")[1:]
    assert re.search(r"--nv .*crossray\.sif (?:ba)?sh -c .*simulate_hospital\.py", asked, re.DOTALL)


def test_the_recipe_of_the_container_takes_along_all_that_its_steps_need():
    recipe = (ROOT / "envs/crossray.def").read_text()
    files = recipe.split("%files")[1].split("%")[0].split()
    (needed,) = re.findall(r"^\.venv/installed: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {*needed.split(), "Makefile"} == set(files[::2])
    assert [f"/opt/crossray/{name}" for name in files[::2]] == files[1::2]
    assert all((ROOT / name).is_file() for name in files[::2])
