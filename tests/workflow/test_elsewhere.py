"""The workflow is called from a folder that is no checkout: by its path, and as a module of another workflow."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from helpers import ROOT
from workflow_helpers import PARTS, planned

pytestmark = pytest.mark.workflow

MODULE = """
configfile: "tiny.yaml"

module crossray:
    snakefile: {snakefile}
    config: config

use rule * from crossray
"""
#: in front of everything that is imported: this environment, without the libraries that only jobs need
BARE = """
import importlib.metadata, sys
GONE = ("pydicom", "imagecodecs", "gdcm", "cv2", "torch", "torchvision", "h5py", "pandera", "sklearn", "altair", "timm")

class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}")

def version(name, found=importlib.metadata.version):
    if name in (*GONE, "python-gdcm", "opencv-python-headless", "pillow"):
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)

sys.meta_path.insert(0, Gone())
importlib.metadata.version = version
"""


def snakemake(folder, *words, **variables):
    full = [sys.executable, "-m", "snakemake", "--cores", "1", *words]
    done = subprocess.run(full, cwd=folder, capture_output=True, text=True, env=os.environ | variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def elsewhere(tmp_path):
    """Return a folder with a study and nothing else, whose name has a blank."""
    folder = tmp_path / "some where"
    folder.mkdir()
    shutil.copyfile(ROOT / "tests/workflow/tiny.yaml", folder / "tiny.yaml")
    return folder


def test_a_study_is_planned_and_begun_in_another_folder(elsewhere):
    words = ("--snakefile", str(ROOT / "Snakefile"), "--configfile", "tiny.yaml")
    assert planned(snakemake(elsewhere, *words, "-n"))["train_model"] == 2
    snakemake(elsewhere, "results/datasets/south/release/labels.csv", *words)
    assert planned(snakemake(elsewhere, "--snakefile", str(ROOT / "Snakefile"), "-n"))["train_model"] == 3  # the demo


def test_another_workflow_uses_this_one_as_a_module(elsewhere):
    (elsewhere / "Snakefile").write_text(MODULE.format(snakefile=repr(str(ROOT / "Snakefile"))))
    snakemake(elsewhere, "results/datasets/south/release/labels.csv")
    output = snakemake(elsewhere, "results/tiny/report.html", "-n")
    assert "write_report" in output
    assert "Nothing to be done" in snakemake(elsewhere, "results/datasets/south/release/labels.csv")


@pytest.fixture
def repository(tmp_path):
    """Return a git repository of the workflow without a single file in its working tree, and its commit."""
    checkout, bare = tmp_path / "checkout", tmp_path / "repository"
    checkout.mkdir()
    for name in PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, checkout / name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *words], cwd=checkout, check=True)
    subprocess.run([*git, "clone", "--quiet", "--no-checkout", str(checkout), str(bare)], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], cwd=bare, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(checkout)
    return bare, commit.strip()


@pytest.mark.whole
def test_the_wheel_and_rules_that_are_fetched_one_by_one_from_a_repository_are_enough(elsewhere, repository, installed):
    bare, commit = repository
    fetched = f'gitfile({str(bare)!r}, path="workflow/Snakefile", commit={commit!r})'
    (elsewhere / "Snakefile").write_text(MODULE.format(snakefile=fetched))
    library = {"PYTHONPATH": str(installed)}
    snakemake(elsewhere, "results/datasets/south/release/labels.csv", **library)
    output = snakemake(elsewhere, "results/tiny/report.html", "-n", **library)
    assert planned(output)["train_model"] == 2
    assert f"{ROOT}/workflow" not in output
    assert "Nothing to be done" in snakemake(elsewhere, "results/datasets/south/release/labels.csv", **library)
    missing = subprocess.run([sys.executable, "-m", "snakemake", "-n"], cwd=elsewhere, capture_output=True, text=True)
    assert "CrossRay is not installed" in missing.stdout + missing.stderr


def test_the_catalogue_of_workflows_finds_what_it_shows():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    kinds = usage["software-stack-deployment"]
    assert set(kinds) == {"conda", "apptainer", "apptainer+conda", "report"}
    assert all(isinstance(works, bool) for works in kinds.values())
    for name in ("README.md", "LICENSE", "workflow/Snakefile", "config/README.md", "config/config.yaml"):
        assert (ROOT / name).is_file()


def test_rules_are_clean_where_nothing_is_installed_that_only_jobs_need(elsewhere):
    (elsewhere / "sitecustomize.py").write_text(BARE)
    assert "in a good condition" in snakemake(ROOT, "--lint", PYTHONPATH=str(elsewhere))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [("tasks:", "explanation: { encoder: gone.pt }\ntasks:", "explanation.encoder"),
     ("resnet18 }", "resnet18, weights: ./gone.pt }", "models.small.weights")],
)  # fmt: skip
def test_weights_that_are_not_there_are_named_though_all_is_done(finished, old, new, key):
    name = f"{key}.yaml"
    (finished.folder / name).write_text((finished.folder / "tiny.yaml").read_text().replace(old, new, 1))
    output = finished.snakemake("-n", study=name, check=False)
    assert f"config: {key}: no file" in output
    assert "gone.pt" in output


def test_only_the_program_that_reads_weights_is_given_their_folder(finished):
    """Settings reach tables and the page; of a file of weights they hold the name, never the folder."""
    (finished.folder / "of-a-person").mkdir()
    (finished.folder / "of-a-person/given.pt").touch()
    study = (finished.folder / "tiny.yaml").read_text().replace("study: tiny", "study: given")
    study = study.replace("resnet18 }", "resnet18, weights: ./of-a-person/given.pt }", 1)
    study = study.replace("tasks:", "explanation: { encoder: ./of-a-person/given.pt }\ntasks:", 1)
    (finished.folder / "given.yaml").write_text(study)
    output = finished.snakemake("-n", "--printshellcmds", study="given.yaml")
    jobs = re.split(r"\n(?:local)?rule (?=\w+)", output)[1:]
    assert {re.match(r"\w+", job).group() for job in jobs if "of-a-person" in job} == {"train_model", "describe_images"}
    assert any("of the file given.pt" in job for job in jobs if job.startswith("write_report"))
