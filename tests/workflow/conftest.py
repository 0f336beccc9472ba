"""The tiny study, run once, and checkouts of the workflow to run others in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
from paper_scale import paper_scale
from workflow_helpers import Checkout, copy_workflow, same_key, server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"]  # fmt: skip


def pytest_collection_modifyitems(items):
    """Let tests with SLURM begin: they wait more than they compute."""
    items.sort(key=lambda item: "node" not in item.fixturenames)


@pytest.fixture(scope="session", autouse=True)
def stop_server():
    """Stop what ran programs, if a test ran some."""
    yield
    if server.cache_info().currsize:
        server().stop()


@pytest.fixture(scope="session")
def run_once(made_once):
    """Return a function that runs a study in a checkout that all workers share, unless another worker did."""

    def run_once(study):
        def run(folder):
            checkout = copy_workflow(folder)
            shutil.copyfile(ROOT / "tests/workflow" / study, folder / study)
            same_key(folder)
            checkout.snakemake(study=study)

        return Checkout(made_once(study.removesuffix(".yaml"), run))

    return run_once


@pytest.fixture(scope="session")
def browser():
    """Return a headless chromium."""
    if not CHROMIUM:
        pytest.skip("no chromium on the PATH; install one or set CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=OPTIONS, chromium_sandbox=os.getuid() != 0)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def faults_of():
    """Return a function that says what axe finds in an open page that keeps people from reading it."""
    script = os.environ.get("AXE")
    if not script or not Path(script).is_file():
        pytest.skip("set AXE to the file axe.min.js (npm install axe-core), as .ci/run does")

    def faults_of(page, *left_out):
        page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
        page.evaluate(Path(script).read_text(encoding="utf-8"))
        rules = {rule: {"enabled": False} for rule in left_out}
        found = page.evaluate("rules => axe.run(document, {rules, resultTypes: ['violations']})", rules)
        return [f"{one['help']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]

    return faults_of


@pytest.fixture
def checkout(tmp_path):
    """Return a fresh checkout without results."""
    return copy_workflow(tmp_path / "checkout")


@pytest.fixture(scope="session")
def installed(made_once):
    """Return the folder that the wheel of this checkout is installed in, beside the packages that it needs."""

    def build(folder):
        sources = folder / "sources"
        copy_workflow(sources)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(ROOT / name, sources / name)
        words = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
        built = subprocess.run([sys.executable, "-c", words, str(folder)], cwd=sources, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--disable-pip-version-check",
        ]
        wheel = next(folder.glob("crossray-*.whl"))
        placed = subprocess.run([*pip, "--target", folder / "site", wheel], capture_output=True, text=True)
        assert placed.returncode == 0, placed.stderr
        shutil.rmtree(sources)

    return made_once("installed", build) / "site"


@pytest.fixture(scope="session")
def finished(run_once):
    """Return a checkout in which the tiny study has run; do not change it."""
    return run_once("tiny.yaml")


@pytest.fixture(scope="session")
def probed(made_once):
    """Return a checkout in which the study of linear probes has run, from a file of weights; do not change it."""

    def make(folder):
        import torch

        from crossray.learning.models import PAPER_SCALE, build_model, save_weights

        checkout = copy_workflow(folder)
        shutil.copyfile(ROOT / "tests/workflow/probes.yaml", folder / "probes.yaml")
        same_key(folder)
        torch.manual_seed(1)
        state = build_model("resnet18", 1, 32).body.state_dict()
        save_weights(folder / "given.safetensors", state, ["Z"], "resnet18", 32, PAPER_SCALE)
        (folder / "output.txt").write_text(checkout.snakemake(study="probes.yaml"))

    return Checkout(made_once("probes", make))


@pytest.fixture(scope="session")
def whole(run_once):
    """Return a checkout in which the study of every analysis has run; do not change it."""
    return run_once("whole.yaml")


@pytest.fixture
def again(finished, tmp_path):
    """Return a copy of the finished checkout, elsewhere, to change at will."""
    shutil.copytree(finished.folder, tmp_path / "again", symlinks=True)
    return Checkout(tmp_path / "again")


@pytest.fixture(scope="session")
def large(made_once):
    """Return a study of the paper's size with its page, made up from the published matrix."""

    def make(folder):
        study = paper_scale(folder).make().analyse().draw()
        (folder / "report.html").write_text(study.page())

    return paper_scale(made_once("large", make))
