"""The tiny study, run once, and checkouts of the workflow to run others in."""

import os
import shutil
from types import SimpleNamespace

import pytest

from helpers import ROOT
from paper_scale import paper_scale
from workflow_helpers import Checkout, copy_workflow

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"]  # fmt: skip


#: of a test without parameters
NONE = SimpleNamespace(params={})
#: what is made once and used by many: with several workers, tests of one of them stay together
SHARED = ("node", "whole", "finished")


def pytest_collection_modifyitems(items):
    """Let tests that share a finished study, or SLURM, run in one worker; SLURM's first, as they mostly wait."""
    for item in items:
        asked = {*item.fixturenames, *(str(value) for value in getattr(item, "callspec", NONE).params.values())}
        shared = next((name for name in SHARED if name in asked), None)
        if shared or item.path.parent.name == "workflow":
            item.add_marker(pytest.mark.xdist_group(shared or item.path.stem))
    items.sort(key=lambda item: "node" not in item.fixturenames)


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


@pytest.fixture
def checkout(tmp_path):
    """Return a fresh checkout without results."""
    return copy_workflow(tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Return a checkout in which the tiny study has run; do not change it."""
    made = copy_workflow(tmp_path_factory.mktemp("finished"))
    shutil.copyfile(ROOT / "tests/workflow/tiny.yaml", made.folder / "tiny.yaml")
    made.first_run = made.snakemake()
    return made


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """Return a checkout in which the study of every analysis has run; do not change it."""
    made = copy_workflow(tmp_path_factory.mktemp("whole"))
    shutil.copyfile(ROOT / "tests/workflow/whole.yaml", made.folder / "whole.yaml")
    made.snakemake(study="whole.yaml")
    return made


@pytest.fixture
def again(finished, tmp_path):
    """Return a copy of the finished checkout, elsewhere, to change at will."""
    shutil.copytree(finished.folder, tmp_path / "again", symlinks=True)
    return Checkout(tmp_path / "again")


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Return a study of the paper's size with its page, made up from the published matrix."""
    study = paper_scale(tmp_path_factory.mktemp("large")).analyse().draw()
    (study.folder / "report.html").write_text(study.page())
    return study
